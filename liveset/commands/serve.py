"""`liveset serve`: screens in browsers, attached to the set that is playing."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
import threading
import time
from typing import Final

from engine.command_line import add_the_extra, command
from engine.errors import EngineError, ServeError
from engine.processes.client import running_session

LOOK_S: Final = 1.0
"""Between two looks at whether the other side is there: short beside what a person minds."""

_ELSEWHERE: Final = ("192.0.2.1", 9)
"""An address for examples, beyond every network of this machine."""


def serve(host: str, port: int) -> int:
    """Show the set that is playing to browsers until it is over; ctrl-c ends it sooner, and the set plays on.

    Args:
        host: the address to listen at; loopback reaches browsers of this machine alone.
        port: the port, 0 for a free one.

    Raises:
        ServeError: if the package for it is missing, or the address cannot be listened at.
        EngineError: if no set is playing.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise ServeError("a screen in a browser needs the textual-serve package", add_the_extra("serve"))
    folder = running_session()
    if folder is None:
        raise EngineError("no set is playing", f"start one with: {command('play')}")
    import asyncio

    from liveset.commands import browser

    token = browser.new_token()

    def say(bound: int) -> None:
        print(f"open in a browser: {address(host, bound, token)}", flush=True)
        print("whoever has this address can play the set; ctrl-c ends this, and the set plays on", flush=True)
        if not _is_loopback(host):
            print("what goes over the network is not encrypted: use one that you trust", flush=True)

    asyncio.run(browser.run(token, host, port, say, folder.exists))
    print("the set plays on" if folder.exists() else "the set is over")
    return 0


def end_with_parent() -> None:
    """Have a thread end this process, a browser's screen, once the process that serves it is gone, however it went."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(0)  # nobody is there to draw for, and nothing is kept here

    threading.Thread(target=watch, name="parent", daemon=True).start()


def address(host: str, port: int, token: str) -> str:
    """What a browser opens: it has the token, and a name of this machine where all of its networks are listened at."""
    known = ipaddress.ip_address(host) if _is_address(host) else None
    name = _own_address() if known is not None and known.is_unspecified else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/?token={token}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _own_address() -> str:
    """This machine's address in its network; its name where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
