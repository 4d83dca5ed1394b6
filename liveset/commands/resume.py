"""`liveset resume`: a set goes on after its machine went down."""

from __future__ import annotations

from dataclasses import replace

from engine.command_line import command
from engine.errors import EngineError
from engine.processes.client import EngineProcess, running_session
from liveset.commands.plain import plain_console
from liveset.commands.play import check_device, stay


def resume(name: str, device: str | None, screen: bool) -> int:
    """Go on with a session in the bar that it was in, and stay with it. Returns the exit code.

    Raises:
        LivesetError: if it cannot go on, or a set is playing.
    """
    from engine.replay.resuming import resumption

    if running_session() is not None:
        raise EngineError("a set is playing already", f"{command('attach')} shows it; {command('stop')} ends it")
    found = resumption(name)
    options = found.options if device is None else replace(found.options, device=device)
    if options.device not in (None, "none"):
        check_device(str(options.device))
    plain_console(stderr=True).print(f"{found.folder.name} goes on in bar {found.bar}", highlight=False)
    engine = EngineProcess(options, found.prepare)
    try:
        engine.verdict()
    except BaseException:
        engine.abandon()
        raise
    return stay(engine.folder, screen)
