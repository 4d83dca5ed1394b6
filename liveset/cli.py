"""The command line. Everything heavy is imported by the command that needs it, so that the first frame comes at once."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.command_line import STARTED_AS, command, started_as
from engine.errors import LivesetError
from engine.protocol import SetOptions
from liveset.plain import forgiving
from liveset.terminal import at_terminal, served


def _example(words: str) -> str:
    """A command's example in its help, as this person would type it."""
    return f"Example:  {command(words)}"


app = typer.Typer(
    name="liveset",
    help="A live-performance instrument in a terminal: the next section of music is made while the current one plays.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=_example("sunrise --record night.flac"),
)

models_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog=_example("models pull small-music"),
)
app.add_typer(models_app, name="models")

keepers_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog=_example("keepers export sunrise-drop-1 drop.flac"),
)
app.add_typer(keepers_app, name="keepers")


def _version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from engine.versions import version

        typer.echo(f"liveset {version()}")
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)]


@app.callback()
def liveset(_show: VersionOption = False) -> None:
    """A live-performance instrument in a terminal: the next section of music is made while the current one plays."""


PresetArgument = Annotated[str, typer.Argument(help="A preset's name, or a .toml file.", metavar="PRESET")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]
EXIT_ERROR = 2


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _clean(function: Callable[..., Any]) -> Callable[..., Any]:
    """One clear sentence and exit code 2 for whatever a person can act on."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except LivesetError as error:
            typer.echo(f"liveset: {error}", err=True)
            raise typer.Exit(EXIT_ERROR) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(130) from error

    return run


@app.command(epilog=_example("play midnight --device pulse --record night.flac"))
@_clean
def play(  # noqa: PLR0913  an argument for each option
    preset: PresetArgument = "",
    device: Annotated[str | None, typer.Option(help=f"Output device: a number or name from `{command('devices')}`.")] = None,
    block: Annotated[int | None, typer.Option(help="Frames a block: 256, 512 or 1024.", metavar="N")] = None,
    record: Annotated[Path | None, typer.Option(help="Record what is heard to a .flac or .wav file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
    force: ForceOption = False,
    clock: Annotated[str | None, typer.Option(help="MIDI outputs that get the clock: Synth, or Synth=-12 (ms).")] = None,
    osc: Annotated[str | None, typer.Option(help="Listen for OSC there; 0.0.0.0:PORT: from the network.", metavar="PORT")] = None,
    osc_token: Annotated[str | None, typer.Option(help="A word that OSC addresses begin with.", metavar="WORD")] = None,
    osc_allow: Annotated[str | None, typer.Option(help="Hear OSC of these alone, by commas.", metavar="ADDRESSES")] = None,
) -> None:
    """Play a set: the screen opens and the music starts (the default command)."""
    from liveset.commands.play import perform

    options = SetOptions(preset, device, block, _text(record), seed, minutes, generator, force=force)
    options = replace(options, clock=clock, osc=osc, osc_token=osc_token, osc_allow=osc_allow)
    raise typer.Exit(perform(options, screen=not no_screen and at_terminal()))


@app.command(epilog=_example("attach"))
@_clean
def attach(
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
) -> None:
    """Open a screen onto the set that is playing."""
    from liveset.commands.play import reattach

    if served():
        from liveset.commands.serve import end_with_parent

        end_with_parent()
    raise typer.Exit(reattach(screen=not no_screen and at_terminal()))


@app.command(epilog=_example("serve --port 8000"))
@_clean
def serve(
    host: Annotated[str, typer.Option(help="Listen there; 0.0.0.0: for every network.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Show the set that is playing in a browser as well; prints the address, with a token that lets in."""
    from liveset.commands.serve import serve as serve_screens

    raise typer.Exit(serve_screens(host, port))


@app.command(epilog=_example("stop"))
@_clean
def stop() -> None:
    """Stop the set that is playing: it fades out, and its recording is finished."""
    from liveset.commands.play import stop as stop_set

    raise typer.Exit(stop_set())


@app.command(epilog=_example("save friday"))
@_clean
def save(
    name: Annotated[str, typer.Argument(help="The preset's name, or a .toml file.", metavar="NAME")],
    force: ForceOption = False,
) -> None:
    """Save the set that is playing as a preset: prompts, weights, scenes and plan as they are now."""
    from liveset.commands.play import save as save_set

    raise typer.Exit(save_set(name, force))


@app.command(epilog=_example("rehearse sunrise --out sunrise.flac --report report --midi moves.mid"))
@_clean
def rehearse(  # noqa: PLR0913  an argument for each option
    preset: PresetArgument,
    out: Annotated[Path | None, typer.Option(help="The audio file, .flac or .wav (PRESET.flac here if not given).")] = None,
    report: Annotated[Path | None, typer.Option(help="A folder for report.json and set.png.", metavar="DIR")] = None,
    midi: Annotated[Path | None, typer.Option(help="A standard MIDI file whose controller moves are played.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the speed it is played, not as fast as it goes.")] = False,
    force: ForceOption = False,
) -> None:
    """Play a whole set into a file, as fast as this machine can."""
    from liveset.commands.rehearse import rehearse_to_files

    options = SetOptions(preset, None, None, _text(out), seed, minutes, generator, _text(midi), realtime, force)
    rehearse_to_files(options, report)


@app.command(epilog=_example("check my-set.toml"))
@_clean
def check(preset: PresetArgument) -> None:
    """Read a preset and print the plan it makes, or say what is wrong with it."""
    from liveset.commands.rehearse import check_preset

    check_preset(preset)


@app.command(epilog=_example("devices"))
@_clean
def devices() -> None:
    """List the audio output devices, for play --device."""
    from liveset.commands.inspect import show_devices

    show_devices()


@app.command(epilog=_example("midi --monitor"))
@_clean
def midi(
    monitor: Annotated[bool, typer.Option("--monitor", help="Print what arrives, and what it means, until Ctrl-C.")] = False,
    preset: Annotated[str, typer.Option(help="Use a preset's [midi] table.")] = "",
    learn: Annotated[
        str, typer.Option(help="Put the next control that is moved on an action, for every set.", metavar="ACTION")
    ] = "",
    add: Annotated[bool, typer.Option("--add", help="With --learn: the controls it is under already stay.")] = False,
    export: Annotated[str, typer.Option(help="Print an input's map as a profile that others can use.", metavar="INPUT")] = "",
    template: Annotated[str, typer.Option(help="Draw a controller's map, by its profile's name.", metavar="NAME")] = "",
) -> None:
    """List the MIDI inputs and what each control does."""
    from liveset.commands.inspect import export_map, learn_control, show_midi, show_template

    if template:
        show_template(template)
    elif learn:
        learn_control(learn, preset, add)
    elif export:
        export_map(export, preset)
    else:
        show_midi(preset, monitor)


@app.command(epilog=_example("doctor"))
@_clean
def doctor() -> None:
    """Check sound, MIDI, terminal, disk, generators and models, and say what to change."""
    from liveset.commands.doctor import examine

    raise typer.Exit(examine())


@app.command(epilog=_example('explain "warm dub techno, no hats, 118 BPM"'))
@_clean
def explain(
    text: Annotated[str, typer.Argument(help="A prompt, in quotes.", metavar="TEXT")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a page.")] = False,
) -> None:
    """Print what a prompt is understood to say, and the words that nothing came from."""
    from liveset.commands.explain import explain as print_explanation

    print_explanation(text, as_json)


ModelArgument = Annotated[str, typer.Argument(help=f"A model's name, as `{command('models list')}` prints it.", metavar="NAME")]


@models_app.callback()
@_clean
def models(context: typer.Context) -> None:
    """Fetch, check and remove the models of the Stable Audio generator; without a command, list them."""
    if context.invoked_subcommand is None:
        models_list()


@models_app.command("list", epilog=_example("models list"))
@_clean
def models_list() -> None:
    """Show which models are here, which can be fetched, their sizes and licences."""
    from liveset.commands.models import show_models

    show_models()


@models_app.command("pull", epilog=_example("models pull small-music"))
@_clean
def models_pull(name: ModelArgument = "small-music") -> None:
    """Fetch a model from the Hugging Face Hub; an interrupted download goes on where it stopped."""
    from liveset.commands.models import pull_model

    pull_model(name)


@models_app.command("import", epilog=_example("models import /media/stick/stable-audio-3-small-music"))
@_clean
def models_import(
    folder: Annotated[Path, typer.Argument(help="A model's folder in the published format.", metavar="FOLDER")],
    name: Annotated[str | None, typer.Option(help="What to call it (found out if not given).")] = None,
    link: Annotated[bool, typer.Option("--link", help="Hard links instead of a copy, on the same disk.")] = False,
) -> None:
    """Copy a model that was fetched elsewhere, after checking it."""
    from liveset.commands.models import import_model

    import_model(folder, name, link)


@models_app.command("verify", epilog=_example("models verify small-music"))
@_clean
def models_verify(
    name: Annotated[str | None, typer.Argument(help="A model's name; all that are here if not given.", metavar="[NAME]")] = None,
) -> None:
    """Check that every file of a model is whole and unchanged."""
    from liveset.commands.models import verify_models

    verify_models(name)


@models_app.command("remove", epilog=_example("models remove small-sfx --yes"))
@_clean
def models_remove(
    name: ModelArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a model, or what has arrived of one."""
    from liveset.commands.models import remove_model

    remove_model(name, yes)


KeeperArgument = Annotated[str, typer.Argument(help=f"A keeper's name, as `{command('keepers')}` prints it.", metavar="NAME")]


@keepers_app.callback()
@_clean
def keepers(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a list.")] = False,
) -> None:
    """Sections kept while playing: export or remove them; without a command, list them."""
    if context.invoked_subcommand is None:
        from liveset.commands.keepers import show_keepers

        show_keepers(as_json)


@keepers_app.command("export", epilog=_example("keepers export sunrise-drop-1 drop.flac"))
@_clean
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


@keepers_app.command("remove", epilog=_example("keepers remove sunrise-drop-1"))
@_clean
def keepers_remove(
    name: KeeperArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a keeper."""
    from liveset.commands.keepers import remove

    remove(name, yes)


def main() -> None:
    """Run the command line; without a command it is `play`."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character gets a question mark
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    known = {command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups if group.name}
    words = sys.argv[1:]
    if words[:1] == ["help"]:  # as people ask other programs
        words = [*(words[1:] if words[1:2] and words[1] in known else []), "--help"]
    forgiving()
    if not words or (words[0] not in known and words[0] not in ("--help", "-h", "--version")):
        words = ["play", *words]
    os.environ[STARTED_AS] = started_as()  # for the engine's process, which writes messages as well
    try:
        app(args=["--help"] if words[0] in ("-h", "help") else words, prog_name=started_as())
    except Exception as error:  # noqa: BLE001  the last resort: a performer never sees a traceback
        from liveset.unexpected import keep_unexpected

        keep_unexpected(error)
        sys.exit(EXIT_ERROR)


if __name__ == "__main__":
    main()
