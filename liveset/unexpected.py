"""What is left of an error that nobody foresaw: a sentence, and all about it in the log."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

import platformdirs
import typer


def keep_unexpected(error: Exception) -> None:
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
