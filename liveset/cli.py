"""The command line. Everything heavy is imported by the command that needs it, so that the first frame comes at once."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from engine.command_line import STARTED_AS, command, started_as
from engine.errors import PerformanceError
from engine.protocol import SetOptions
from liveset.clean import EXIT_ERROR, ForceOption, clean, example
from liveset.groups import keepers_app, models_app, remote_app
from liveset.plain import forgiving
from liveset.terminal import at_terminal, served

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # read when numpy is imported: what a report measures is too small to share out

app = typer.Typer(
    name="liveset",
    help="A live-performance instrument in a terminal: the next section of music is made while the current one plays.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=example("sunrise --record night.flac"),
)

app.add_typer(models_app, name="models")
app.add_typer(keepers_app, name="keepers")
app.add_typer(remote_app, name="remote")


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


PresetsArgument = Annotated[
    list[str], typer.Argument(help="A preset's name, or a .toml file; several play one after the other.", metavar="PRESET...")
]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


@app.command(epilog=example("play midnight --device pulse --record night.flac"))
@clean
def play(  # noqa: PLR0913  an argument for each option
    presets: Annotated[
        list[str] | None,
        typer.Argument(help="A preset's name, or a .toml file; several play one after the other.", metavar="[PRESET]..."),
    ] = None,
    device: Annotated[str | None, typer.Option(help=f"Output device: a number or name from `{command('devices')}`.")] = None,
    outputs: Annotated[str | None, typer.Option(help="The device's outputs for the set, 1,2 without.", metavar="L,R")] = None,
    cue: Annotated[str | None, typer.Option(help="Its outputs for headphones: 3,4, say.", metavar="L,R")] = None,
    cue_device: Annotated[str | None, typer.Option(help="Another device for the headphones.", metavar="DEVICE")] = None,
    input: Annotated[str | None, typer.Option(help="An input for bars: NAME, or NAME=-12 (ms).", metavar="DEVICE")] = None,
    block: Annotated[int | None, typer.Option(help="Frames a block: 256, 512 or 1024.", metavar="N")] = None,
    record: Annotated[Path | None, typer.Option(help="Record what is heard to a .flac or .wav file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    remote: Annotated[str | None, typer.Option(help="The cluster of a remote: generator.", metavar="ADDRESS")] = None,
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
    force: ForceOption = False,
    clock: Annotated[str | None, typer.Option(help="MIDI outputs that get the clock: Synth, or Synth=-12 (ms).")] = None,
    clock_in: Annotated[str | None, typer.Option(help="Follow the MIDI clock of this input.", metavar="NAME")] = None,
    link: Annotated[bool, typer.Option("--link", help="Share tempo and bars with others on the network: Ableton Link.")] = False,
    osc: Annotated[str | None, typer.Option(help="Listen for OSC there; 0.0.0.0:PORT: from the network.", metavar="PORT")] = None,
    osc_token: Annotated[str | None, typer.Option(help="A word that OSC addresses begin with.", metavar="WORD")] = None,
    osc_allow: Annotated[str | None, typer.Option(help="Hear OSC of these alone, by commas.", metavar="ADDRESSES")] = None,
) -> None:
    """Play a set: the screen opens and the music starts (the default command)."""
    from liveset.commands.play import perform

    options = SetOptions("", device, block, _text(record), seed, minutes, generator, force=force)
    options = replace(
        options.with_presets(presets or ()),
        clock=clock,
        clock_in=clock_in,
        link=link,
        osc=osc,
        osc_token=osc_token,
        osc_allow=osc_allow,
    )
    options = replace(options, outputs=outputs, cue=cue, cue_device=cue_device, input=input, remote=remote)
    raise typer.Exit(perform(options, screen=not no_screen and at_terminal()))


@app.command(epilog=example("attach"))
@clean
def attach(
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
    stage: Annotated[bool, typer.Option("--stage", help="Begin with the stage view: large type, to be read from afar.")] = False,
) -> None:
    """Open a screen onto the set that is playing."""
    from liveset.commands.play import reattach

    if served():
        from liveset.commands.serve import end_with_parent

        end_with_parent()
    raise typer.Exit(reattach(screen=not no_screen and at_terminal(), stage=stage))


@app.command(epilog=example("serve --port 8000"))
@clean
def serve(
    host: Annotated[str, typer.Option(help="Listen there; 0.0.0.0: for every network.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Show the set that is playing in a browser as well; prints the address, with a token that lets in."""
    from liveset.commands.serve import serve as serve_screens

    raise typer.Exit(serve_screens(host, port))


@app.command(epilog=example("stop"))
@clean
def stop() -> None:
    """Stop the set that is playing: it fades out, and its recording is finished."""
    from liveset.commands.play import stop as stop_set

    raise typer.Exit(stop_set())


@app.command(epilog=example("save friday"))
@clean
def save(
    name: Annotated[str, typer.Argument(help="The preset's name, or a .toml file.", metavar="NAME")],
    force: ForceOption = False,
) -> None:
    """Save the set that is playing as a preset: prompts, weights, scenes and plan as they are now."""
    from liveset.commands.play import save as save_set

    raise typer.Exit(save_set(name, force))


@app.command(epilog=example("rehearse sunrise --out sunrise.flac --report report --midi moves.mid"))
@clean
def rehearse(  # noqa: PLR0913  an argument for each option
    presets: PresetsArgument,
    out: Annotated[Path | None, typer.Option(help="The audio file, .flac or .wav (PRESET.flac here if not given).")] = None,
    report: Annotated[Path | None, typer.Option(help="A folder for report.json and set.png.", metavar="DIR")] = None,
    midi: Annotated[Path | None, typer.Option(help="A standard MIDI file whose controller moves are played.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    remote: Annotated[str | None, typer.Option(help="The cluster of a remote: generator.", metavar="ADDRESS")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the speed it is played, not as fast as it goes.")] = False,
    force: ForceOption = False,
) -> None:
    """Play a whole set into a file, as fast as this machine can."""
    from liveset.commands.rehearse import rehearse_to_files

    options = SetOptions("", None, None, _text(out), seed, minutes, generator, _text(midi), realtime, force)
    rehearse_to_files(replace(options.with_presets(presets), remote=remote), report)


SessionArgument = Annotated[
    str, typer.Argument(help=f"A session's name, as `{command('sessions')}` prints it, or last.", metavar="SESSION")
]


@app.command(epilog=example("sessions --remove sunrise-20260501-223000"))
@clean
def sessions(
    remove: Annotated[str, typer.Option(help="Delete a session.", metavar="NAME")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a list.")] = False,
) -> None:
    """List the sets that were played, for replay and export."""
    from liveset.commands.sessions import remove_session, show_sessions

    remove_session(remove) if remove else show_sessions(as_json)


@app.command(epilog=example("replay last --out again.flac --from 17 --to 32"))
@clean
def replay(
    session: SessionArgument,
    out: Annotated[Path, typer.Option(help="The audio file, .flac or .wav.")],
    first: Annotated[int | None, typer.Option("--from", help="The first bar, counted from 1.", metavar="BAR")] = None,
    last: Annotated[int | None, typer.Option("--to", help="The last bar.", metavar="BAR")] = None,
    minutes: Annotated[float | None, typer.Option(help="The last minutes of it, from a bar line on.", metavar="N")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--with", help="Change it: seed=9, prompt 1=dub techno. Several times.", metavar="CHANGE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Render a set that was played again, with all that was moved, sample for sample; or with changes."""
    from liveset.commands.sessions import replay_changed, replay_session

    if changes:
        if (first, last, minutes) != (None, None, None):
            raise PerformanceError("--with renders the whole set", "leave out --from, --to and --minutes")
        replay_changed(session, out, changes, force=force)
        return
    replay_session(session, out, (first, last, minutes), force=force)


@app.command(epilog=example("report last --out friday"))
@clean
def report(
    session: SessionArgument = "last",
    out: Annotated[Path | None, typer.Option(help="A folder (the session's own if not given).", metavar="DIR")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Give way to whatever else runs.")] = False,
) -> None:
    """Write a page that shows how a set went: checks, pictures, every seam to listen to, every section."""
    from liveset.commands.report import report_session

    report_session(session, out, quiet=quiet)


@app.command(epilog=example("recover last"))
@clean
def recover(
    session: Annotated[
        str,
        typer.Argument(help=f"A session's name, as `{command('sessions')}` prints it, last, or a recording.", metavar="SESSION"),
    ] = "last",
    minutes: Annotated[
        float | None, typer.Option(help="Write its last minutes, recorded or not, 10 at most.", metavar="N")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file for them, .flac or .wav (named by title and time).")] = None,
    force: ForceOption = False,
) -> None:
    """Finish a recording that a crash cut off, with its cue sheet; or save the last minutes of a set."""
    from liveset.commands.recover import recover as recover_recordings
    from liveset.commands.recover import save_last_minutes

    if minutes is not None:
        save_last_minutes(session, minutes, out, force=force)
    else:
        raise typer.Exit(recover_recordings(session))


@app.command(epilog=example("resume"))
@clean
def resume(
    session: SessionArgument = "last",
    device: Annotated[str | None, typer.Option(help="Another output device than it had.")] = None,
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
) -> None:
    """Go on with a set in the bar it was in, after its machine or its processes went down."""
    from liveset.commands.resume import resume as resume_set

    raise typer.Exit(resume_set(session, device, screen=not no_screen and at_terminal()))


@app.command(epilog=example("export last --daw sunrise-stems"))
@clean
def export(
    session: SessionArgument,
    daw: Annotated[Path, typer.Option(help="The folder, which is made.", metavar="FOLDER")],
    force: ForceOption = False,
) -> None:
    """Write a set that was played as stems, MIDI and a table of its sections, for a music program."""
    from liveset.commands.sessions import export_session

    export_session(session, daw, force=force)


@app.command(epilog=example("check my-set.toml"))
@clean
def check(presets: PresetsArgument) -> None:
    """Read a preset, or several, and print the plan that comes of it, or say what is wrong with it."""
    from liveset.commands.rehearse import check_preset

    check_preset(presets)


@app.command(epilog=example("devices"))
@clean
def devices() -> None:
    """List the audio output devices, for play --device."""
    from liveset.commands.inspect import show_devices

    show_devices()


@app.command(epilog=example("midi --monitor"))
@clean
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


@app.command(epilog=example("doctor --preset my-set.toml"))
@clean
def doctor(
    preset: Annotated[
        list[str] | None,
        typer.Option(help="Play this set's first minute, and say whether the night will hold; several make a set list."),
    ] = None,
) -> None:
    """Check sound, MIDI, terminal, disk, generators and models, and say what to change."""
    from liveset.commands.doctor import examine
    from liveset.commands.preflight import checks, verdict

    raise typer.Exit(examine(checks(preset), verdict) if preset else examine())


@app.command(epilog=example('explain "warm dub techno, no hats, 118 BPM"'))
@clean
def explain(
    text: Annotated[str, typer.Argument(help="A prompt, in quotes.", metavar="TEXT")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a page.")] = False,
) -> None:
    """Print what a prompt is understood to say, and the words that nothing came from."""
    from liveset.commands.explain import explain as print_explanation

    print_explanation(text, as_json)


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
