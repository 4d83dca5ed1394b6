"""What every command of the command line shares: its example, its clear sentence where something is wrong, --force."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import typer

from engine.command_line import command
from engine.errors import LivesetError

ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]
EXIT_ERROR = 2


def example(words: str) -> str:
    """A command's example in its help, as this person would type it."""
    return f"Example:  {command(words)}"


def clean(function: Callable[..., Any]) -> Callable[..., Any]:
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
