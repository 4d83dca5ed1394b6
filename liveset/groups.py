"""The commands that have commands of their own: models, keepers and remote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.command_line import command
from liveset.clean import ForceOption, clean, example

models_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog=example("models pull small-music"),
)

keepers_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog=example("keepers export sunrise-drop-1 drop.flac"),
)

remote_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog=example("remote head --host 192.168.1.20"),
)

ModelArgument = Annotated[str, typer.Argument(help=f"A model's name, as `{command('models list')}` prints it.", metavar="NAME")]


@models_app.callback()
@clean
def models(context: typer.Context) -> None:
    """Fetch, check and remove the models of the Stable Audio generator; without a command, list them."""
    if context.invoked_subcommand is None:
        models_list()


@models_app.command("list", epilog=example("models list"))
@clean
def models_list() -> None:
    """Show which models are here, which can be fetched, their sizes and licences."""
    from liveset.commands.models import show_models

    show_models()


@models_app.command("pull", epilog=example("models pull small-music"))
@clean
def models_pull(name: ModelArgument = "small-music") -> None:
    """Fetch a model from the Hugging Face Hub; an interrupted download goes on where it stopped."""
    from liveset.commands.models import pull_model

    pull_model(name)


@models_app.command("import", epilog=example("models import /media/stick/stable-audio-3-small-music"))
@clean
def models_import(
    folder: Annotated[Path, typer.Argument(help="A model's folder in the published format.", metavar="FOLDER")],
    name: Annotated[str | None, typer.Option(help="What to call it (found out if not given).")] = None,
    link: Annotated[bool, typer.Option("--link", help="Hard links instead of a copy, on the same disk.")] = False,
) -> None:
    """Copy a model that was fetched elsewhere, after checking it."""
    from liveset.commands.models import import_model

    import_model(folder, name, link)


@models_app.command("verify", epilog=example("models verify small-music"))
@clean
def models_verify(
    name: Annotated[str | None, typer.Argument(help="A model's name; all that are here if not given.", metavar="[NAME]")] = None,
) -> None:
    """Check that every file of a model is whole and unchanged."""
    from liveset.commands.models import verify_models

    verify_models(name)


@models_app.command("remove", epilog=example("models remove small-sfx --yes"))
@clean
def models_remove(
    name: ModelArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a model, or what has arrived of one."""
    from liveset.commands.models import remove_model

    remove_model(name, yes)


@models_app.command("push", epilog=example("models push small-music"))
@clean
def models_push(name: ModelArgument = "small-music") -> None:
    """Copy a model to the other machines of the cluster that have not got it."""
    from liveset.commands.remote import push_model

    push_model(name)


CoresOption = Annotated[int | None, typer.Option(help="Cores that are lent; 0 for none, all if not given.", min=0)]
GpusOption = Annotated[int | None, typer.Option(help="GPUs that are lent; all if not given.", min=0)]


@remote_app.callback()
@clean
def remote(context: typer.Context) -> None:
    """Have sections made on other machines, with Ray; without a command, show how it stands."""
    if context.invoked_subcommand is None:
        remote_status()


@remote_app.command("head", epilog=example("remote head --host 192.168.1.20"))
@clean
def remote_head(
    host: Annotated[str, typer.Option(help="This machine's address in a private network.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port that others join at.", min=1024, max=65535)] = 6390,
    cores: CoresOption = None,
    gpus: GpusOption = None,
) -> None:
    """Begin a cluster on this machine; prints how others join."""
    from liveset.commands.remote import begin

    begin(host, port, cores, gpus)


@remote_app.command("join", epilog=example("remote join 192.168.1.20 --cores 0"))
@clean
def remote_join(
    address: Annotated[str, typer.Argument(help="The head's address, with a port if it has another.", metavar="ADDRESS")],
    cores: CoresOption = None,
    gpus: GpusOption = None,
    new_token: Annotated[bool, typer.Option("--new-token", help="Ask for the token again.")] = False,
) -> None:
    """Make this machine part of a cluster; asks for its token once."""
    from liveset.commands.remote import join

    join(address, cores, gpus, new_token)


@remote_app.command("status", epilog=example("remote status"))
@clean
def remote_status() -> None:
    """Show the machines of the cluster, what they lend, and what differs between them."""
    from liveset.commands.remote import show_status

    show_status()


@remote_app.command("stop", epilog=example("remote stop"))
@clean
def remote_stop() -> None:
    """End what was started on this machine; the others go on."""
    from liveset.commands.remote import leave

    leave()


KeeperArgument = Annotated[str, typer.Argument(help=f"A keeper's name, as `{command('keepers')}` prints it.", metavar="NAME")]


@keepers_app.callback()
@clean
def keepers(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a list.")] = False,
    search: Annotated[str, typer.Option(help='Those with these words, #tags; "*" has a star.', metavar="WORDS")] = "",
) -> None:
    """Sections kept while playing: export, mark or remove them; without a command, list them."""
    if context.invoked_subcommand is None:
        from liveset.commands.keepers import show_keepers

        show_keepers(as_json, search)


@keepers_app.command("export", epilog=example("keepers export sunrise-drop-1 drop.flac"))
@clean
def keepers_export(
    name: KeeperArgument,
    out: Annotated[
        Path, typer.Argument(help="A .flac or .wav file, or a folder for one named with tempo and key.", metavar="[FILE]")
    ] = Path(),
    stems: Annotated[bool, typer.Option("--stems", help="One file a stem, named FILE-STEM.")] = False,
    tail: Annotated[bool, typer.Option("--tail", help="After its bars also the tail, faded to nothing.")] = False,
    force: ForceOption = False,
) -> None:
    """Write a keeper as an audio file; nothing is replaced unasked."""
    from liveset.commands.keepers import export_keeper

    export_keeper(name, out.expanduser(), stems=stems, tail=tail, force=force)


@keepers_app.command("mark", epilog=example('keepers mark sunrise-drop-1 --star --tag dub --note "for the end"'))
@clean
def keepers_mark(
    name: KeeperArgument,
    star: Annotated[bool | None, typer.Option("--star/--no-star", help="Give it a star, or take it away.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help='Its tags from now on; several times; "" takes them away.')] = None,
    note: Annotated[str | None, typer.Option(help='A note; "" takes it away.')] = None,
) -> None:
    """Write a star, tags or a note on a keeper."""
    from liveset.commands.keepers import mark

    mark(name, star, tag, note)


@keepers_app.command("remove", epilog=example("keepers remove sunrise-drop-1"))
@clean
def keepers_remove(
    name: KeeperArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a keeper."""
    from liveset.commands.keepers import remove

    remove(name, yes)
