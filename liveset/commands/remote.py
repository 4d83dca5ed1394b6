"""`liveset remote`: the machines that make sections for this one, with Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from engine.command_line import command
from engine.errors import GeneratorError
from engine.generators.remote.where import LOOPBACK, Address, chosen_address, has_token, keep_token, parse, token_file
from liveset.commands.plain import plain_console

if TYPE_CHECKING:
    from engine.generators.remote.cluster import Machine

_TRUST = (
    "Whoever has the token can run any program on these machines: give it to nobody, and use a private network.",
    "What is sent, the token too, is not encrypted: on a network with strangers, use a VPN.",
)


def begin(host: str, port: int, cores: int | None, gpus: int | None) -> None:
    """Start a cluster's head here.

    Raises:
        GeneratorError: it cannot be started: why.
    """
    from engine.generators.remote.node import start

    address, console = parse(f"{host}:{port}"), plain_console(highlight=False, soft_wrap=True)
    if not has_token():
        keep_token()
    start(address, True, cores, gpus)
    console.print(f"a cluster runs at {address}", markup=False)
    if address.host in LOOPBACK:
        console.print(f"for this machine alone; for others: {command('remote stop')}, then head --host ADDRESS", markup=False)
    else:
        console.print(f"on each other machine: {command(f'remote join {address}')}", markup=False)
        console.print(f"which asks for the token; it lies in {token_file()}", markup=False)
    for line in _TRUST:
        console.print(line, markup=False)


def join(text: str, cores: int | None, gpus: int | None, new_token: bool) -> None:
    """Make this machine part of a cluster.

    Raises:
        GeneratorError: it cannot be: why.
    """
    from engine.generators.remote.node import start

    address = parse(text)
    if new_token or not has_token():
        keep_token(typer.prompt(f"The token of the cluster at {address}", hide_input=True))
    start(address, False, cores, gpus)
    console = plain_console(highlight=False, soft_wrap=True)
    console.print(f"this machine is part of the cluster at {address}", markup=False)
    for line in _TRUST:
        console.print(line, markup=False)
    console.print(f"what differs between the machines: {command('remote status')}", markup=False)


def show_status() -> None:
    """Print the machines of the cluster that this one is part of.

    Raises:
        GeneratorError: it cannot be reached: why.
    """
    from engine.generators.remote.cluster import machines
    from engine.generators.remote.node import running

    console, here, address = plain_console(highlight=False, soft_wrap=True), running(), chosen_address()
    if here is None:
        console.print("nothing was started on this machine", markup=False)
    elif not here.begun:
        console.print(f"this machine joins the cluster at {here.address} again as soon as it can", markup=False)
    found = machines(address)
    console.print(f"the cluster at {address}", markup=False)
    for machine in found:
        console.print(_line(machine), markup=False)
    if not any(machine.cores >= 1 for machine in found):
        console.print("no machine lends a core: leave out --cores 0 on one of them", markup=False)


def _line(machine: Machine) -> str:
    from engine.generators.remote.maker import versions

    lent = f"{machine.cores:g} cores" + (f", {machine.gpus:g} GPUs" if machine.gpus else "")
    differs = versions().difference(machine.versions)
    text = f"  {machine.name} ({machine.address}){', the head' if machine.head else ''}: lends {lent}"
    return text + (f"\n    {differs}: install the same on all machines" if differs else "")


def leave() -> None:
    """End what was started here."""
    from engine.generators.remote.node import stop

    ended = stop()
    if ended is None:
        typer.echo("nothing was started on this machine")
    elif ended.head:
        typer.echo(f"the cluster at {ended.address} has ended; other machines join again when it begins again")
    else:
        typer.echo(f"this machine has left the cluster at {ended.address}")


def push_model(name: str) -> None:
    """Copy a model to the other machines.

    Raises:
        GeneratorError: it is not here, or cannot be copied.
    """
    from engine.generators.remote.cluster import push

    told: list[tuple[str, int]] = []

    def tell(machine: str, done: int, whole: int) -> None:
        tenth = 10 * done // max(1, whole)
        if not told or told[-1] != (machine, tenth):
            told.append((machine, tenth))
            typer.echo(f"{machine}: {10 * tenth} %")

    sent, had = push(_address(), name, tell)
    typer.echo(f"{name} went to {sent} machines; {had} had it already")


def _address() -> Address:
    address = chosen_address()
    if not has_token():
        raise GeneratorError("this machine is no part of a cluster", command("remote join ADDRESS"))
    return address
