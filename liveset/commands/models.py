"""`liveset models`: what is here, and how a model comes, is checked, and goes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from engine.command_line import command
from engine.errors import GeneratorError
from engine.models.files import (
    OnBytes,
    import_folder,
    partial_folder,
    read_manifest,
    read_object,
    size_of,
    text_encoder,
    verify_folder,
)
from engine.models.registry import CATALOGUE, CONFIG_FILE, Model, installed, model_folder, models_root, published
from liveset.commands.plain import plain_console

_GB: Final = 1e9
_CHILD: Final = (sys.executable, "-m", "engine.generators.stable_audio")
"""Answers what needs torch in a process of its own."""


def ask_child(*words: str) -> dict[str, Any]:
    """The JSON object that the Stable Audio package prints when run with these words.

    Raises:
        GeneratorError: it cannot be run.
    """
    done = subprocess.run([*_CHILD, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    if done.returncode or not isinstance(found, dict):
        last = (done.stderr.strip() or "no answer").splitlines()[-1]
        raise GeneratorError(f"Stable Audio's package cannot be run: {last}", "install liveset again")
    return found


def show_models() -> None:
    """Print the models that are here and those that can be fetched, with sizes and licences."""
    console, here = plain_console(highlight=False, soft_wrap=True), installed()
    console.print(f"models in {models_root()}" if here else f"no models yet in {models_root()}", markup=False)
    for name in here:
        folder = models_root() / name
        manifest = read_manifest(folder)
        console.print(f"  ✓ {name:<18}{_gigabytes(size_of(folder)):>9}  {_what(name)}", markup=False)
        console.print(f"    {'from ' + manifest.source if manifest else 'put here by hand'}", markup=False, style="dim")
    missing = [model for model in CATALOGUE if model.name not in here]
    if missing:
        console.print("can be fetched")
    for model in missing:
        arrived = partial_folder(model.name)
        text = f"{model.weights_gb:.1f} GB" + ("+" if len(model.licences) > 1 else "")
        console.print(f"  · {model.name:<18}{text:>9}  {model.what}", markup=False)
        if arrived.is_dir() and size_of(arrived):
            console.print(f"    {_gigabytes(size_of(arrived))} have arrived: {command(f'models pull {model.name}')} goes on")
    if missing:
        console.print("  + and the text encoder", style="dim")
    console.print("licences")
    for licence in dict.fromkeys(licence for model in CATALOGUE for licence in model.licences):
        console.print(f"    {licence.name}: {licence.url}", markup=False)
    if missing:
        name = missing[0].name if not here else "NAME"
        console.print(f"\nget one: {command(f'models pull {name}')}, or from a folder: {command('models import FOLDER')}")


def pull_model(name: str) -> None:
    """Fetch a published model from the Hub.

    Raises:
        GeneratorError: unknown, or it cannot be fetched; says why and what to do.
    """
    from liveset.commands.hub import Hub, pull, survey

    console, model = plain_console(highlight=False, soft_wrap=True), published(name)
    if name in installed():
        console.print(f"{name} is here already; check it: {command(f'models verify {name}')}")
        return
    hub = Hub()
    _terms(console, model)
    order = survey(hub, model)
    console.print(f"{len(order.files)} files, {_gigabytes(order.size)}, to {models_root() / name}", markup=False)
    with _progress("fetching", order.size) as on_bytes:
        pull(hub, model, order, on_bytes)
    console.print(f"{name} is here and whole; play with it: {command('play --generator stable-audio')}")


def _terms(console: Console, model: Model) -> None:
    """Say whose model it is, under which terms, and how one is let in."""
    console.print(f"{model.repository}: {model.what}", markup=False)
    for licence in model.licences:
        console.print(f"  by using it you agree to the {licence.name}: {licence.url}", markup=False)
    if model.gated:
        console.print(f"  the Hub hands it to people who accepted them on {model.page}", markup=False)


def import_model(folder: Path, name: str | None, link: bool) -> None:
    """Copy a model's folder to its place.

    Raises:
        GeneratorError: it is not a model in the published format, is broken, or cannot be copied.
    """
    if not folder.is_dir():
        raise GeneratorError(f"there is no folder {folder}", "name one that holds model_config.json and model.safetensors")
    config = read_object(folder / CONFIG_FILE)
    chosen = name or guess_name(folder, config)
    if chosen != Path(chosen).name or chosen.startswith("."):
        raise GeneratorError(f'"{chosen}" cannot be a model\'s name', "use letters, digits, - and _")
    _check_loadable(folder)
    with _progress("copying", size_of(folder)) as on_bytes:
        place = import_folder(folder, chosen, on_bytes, link)
    plain_console(highlight=False, soft_wrap=True).print(f"{chosen} is here, in {place}", markup=False)


def guess_name(folder: Path, config: dict[str, Any]) -> str:
    """A catalogue name from the folder's path, else from the repository its configuration names."""
    parts = [part.lower() for part in folder.resolve().parts[-4:]]
    for model in sorted(CATALOGUE, key=lambda model: -len(model.name)):
        repository = model.repository.rsplit("/", 1)[-1].lower()
        if any(part == model.name or part.endswith(repository) for part in parts):
            return model.name
    text = text_encoder(config)
    named = text[0] if text else ("stabilityai/SAME-S" if config.get("model_type") == "autoencoder" else "")
    base = "-base" if config["model"].get("diffusion", {}).get("diffusion_objective") == "rectified_flow" else ""
    for model in CATALOGUE:
        if model.repository == named + base:
            return model.name
    raise GeneratorError(
        f"{folder} does not say which model it is", f"name it: {command('models import FOLDER --name small-music')}"
    )


def _check_loadable(folder: Path) -> None:
    """See that the generator could load a folder.

    Raises:
        GeneratorError: it could not; says why.
    """
    complaint = ask_child(str(folder.resolve()))
    if complaint:
        raise GeneratorError(str(complaint["message"]), str(complaint["hint"]))


def verify_models(name: str | None) -> None:
    """Check one model, or all that are here.

    Raises:
        GeneratorError: none is here, or a file is missing, truncated or changed; names the first.
    """
    console = plain_console(highlight=False, soft_wrap=True)
    names = (name,) if name else installed()
    if not names:
        raise GeneratorError(f"no model is installed in {models_root()}", f"get one: {command('models pull small-music')}")
    for each in names:
        folder = model_folder(each)
        with _progress(f"checking {each}", size_of(folder)) as on_bytes:
            hashed = verify_folder(folder, on_bytes)
        _check_loadable(folder)
        how = f"{hashed} files by their SHA-256" if hashed else "by headers and lengths, since no hash of it is known"
        console.print(f"✓ {each} is whole: checked {how}", markup=False)


def remove_model(name: str, sure: bool) -> None:
    """Delete a model, or what has arrived of one, after asking.

    Raises:
        GeneratorError: it is not here, or cannot be deleted.
    """
    places = [place for place in (models_root() / name, partial_folder(name)) if name == Path(name).name and place.is_dir()]
    if not places or name.startswith("."):
        raise GeneratorError(f"the model {name} is not here", f"here are {', '.join(installed()) or 'none'}")
    size = sum(size_of(place) for place in places)
    if not sure and not typer.confirm(f"delete {name} ({_gigabytes(size)}) from {models_root()}?"):
        typer.echo("nothing was deleted")
        return
    try:
        for place in places:
            shutil.rmtree(place)
    except OSError as error:
        raise GeneratorError(f"{name} cannot be deleted ({error.strerror})", "see who owns the folder") from error
    typer.echo(f"{name} is gone, {_gigabytes(size)} are free again")


@contextmanager
def _progress(what: str, total: int) -> Iterator[OnBytes]:
    """A bar of bytes on the error output; nothing where that is no terminal."""
    console = plain_console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task: TaskID = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _what(name: str) -> str:
    return next((model.what for model in CATALOGUE if model.name == name), "a model of your own")


def _gigabytes(count: int) -> str:
    return f"{count / _GB:.1f} GB" if count >= _GB / 10 else f"{count / 1e6:.1f} MB"
