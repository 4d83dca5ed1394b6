"""The command line. Everything heavy is imported by the command that needs it, so that the first frame comes at once."""

from __future__ import annotations

import functools
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer

from engine.errors import LivesetError

app = typer.Typer(
    name="liveset",
    help="A live-performance instrument in a terminal: the next section of music is made while the current one plays.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="Example:  liveset sunrise --record night.flac",
)

PresetArgument = Annotated[str, typer.Argument(help="A preset's name, or a .toml file.", metavar="PRESET")]
EXIT_ERROR = 2


def at_terminal() -> bool:
    """Whether a screen can be shown: keys come in, and what is drawn (on the error output) is seen."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.__stderr__))


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


@app.command(epilog="Example:  liveset play midnight --device pulse --record night.flac")
@_clean
def play(
    preset: PresetArgument = "",
    device: Annotated[str | None, typer.Option(help="Output device: a number or name from `liveset devices`.")] = None,
    block: Annotated[str | None, typer.Option(help="Frames a block: 256, 512 or 1024.", metavar="N")] = None,
    record: Annotated[Path | None, typer.Option(help="Record what is heard to a .flac or .wav file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
) -> None:
    """Play a set: the screen opens and the music starts (the default command)."""
    from liveset.performing import PlayChoices, perform

    choices = PlayChoices(preset, device, block, record, seed, minutes, generator)
    raise typer.Exit(perform(choices, screen=not no_screen and at_terminal()))


@app.command(epilog="Example:  liveset attach")
@_clean
def attach(
    no_screen: Annotated[bool, typer.Option("--no-screen", help="One status line a second instead of the screen.")] = False,
) -> None:
    """Open a screen onto the set that is playing."""
    from liveset.performing import reattach

    raise typer.Exit(reattach(screen=not no_screen and at_terminal()))


@app.command(epilog="Example:  liveset rehearse sunrise --out sunrise.flac --report report --midi moves.mid")
@_clean
def rehearse(
    preset: PresetArgument,
    out: Annotated[Path | None, typer.Option(help="The audio file, .flac or .wav (PRESET.flac here if not given).")] = None,
    report: Annotated[Path | None, typer.Option(help="A folder for report.json and set.png.", metavar="DIR")] = None,
    midi: Annotated[Path | None, typer.Option(help="A standard MIDI file whose controller moves are played.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the preset's.", min=0)] = None,
    minutes: Annotated[float | None, typer.Option(help="Another length than the preset's.")] = None,
    generator: Annotated[str | None, typer.Option(help="Another generator than the preset's.")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the speed it is played, not as fast as it goes.")] = False,
) -> None:
    """Play a whole set into a file, as fast as this machine can."""
    from liveset.rehearsing import rehearse_to_files

    rehearse_to_files(preset, out, report, midi, seed=seed, minutes=minutes, generator=generator, realtime=realtime)


@app.command(epilog="Example:  liveset check my-set.toml")
@_clean
def check(preset: PresetArgument) -> None:
    """Read a preset and print the plan it makes, or say what is wrong with it."""
    from liveset.rehearsing import check_preset

    check_preset(preset)


@app.command(epilog="Example:  liveset devices")
@_clean
def devices() -> None:
    """List the audio output devices, for `liveset play --device`."""
    from liveset.inspecting import show_devices

    show_devices()


@app.command(epilog="Example:  liveset midi --monitor")
@_clean
def midi(
    monitor: Annotated[bool, typer.Option("--monitor", help="Print what arrives, and what it means, until Ctrl-C.")] = False,
    preset: Annotated[str, typer.Option(help="Use a preset's [midi] table.")] = "",
) -> None:
    """List the MIDI inputs and what each control does."""
    from liveset.inspecting import show_midi

    show_midi(preset, monitor)


@app.command(epilog="Example:  liveset doctor")
@_clean
def doctor() -> None:
    """Check sound, MIDI, terminal, disk and generators, and say what to change."""
    from liveset.doctor import examine

    raise typer.Exit(examine())


def _unexpected(error: Exception) -> int:
    """Keep what happened in the log file, and say where it is."""
    folder = Path(platformdirs.user_log_dir("liveset"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "liveset.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(
                f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{''.join(traceback.format_exception(error))}\n"
            )
        where = f"what happened is in {log}"
    except OSError:
        where = "and the log could not be written"
    typer.echo(f"liveset: something unexpected went wrong ({type(error).__name__}); {where}", err=True)
    return EXIT_ERROR


def main() -> None:
    """Run the command line; without a command it is `play`."""
    known = {command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands}
    words = sys.argv[1:]
    if not words or (words[0] not in known and words[0] not in ("--help", "-h")):
        words = ["play", *words]
    try:
        app(args=["--help"] if words[0] == "-h" else words, prog_name="liveset")
    except Exception as error:  # noqa: BLE001  the last resort: a performer never sees a traceback
        sys.exit(_unexpected(error))


if __name__ == "__main__":
    main()
