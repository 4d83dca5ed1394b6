"""Where the cluster is, and the word that lets in: what has to be known before Ray is imported."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from engine.command_line import add_the_extra, command
from engine.errors import GeneratorError
from engine.generator_names import REMOTE_VARIABLE

PORT: Final = 6390
"""Not Ray's usual 6379: that is often a Redis server."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
ANSWERS_S: Final = 3.0
ADD_RAY: Final = add_the_extra("remote")


@dataclass(frozen=True, slots=True)
class Address:
    """Of a cluster's head."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """An address as a person writes it: ``192.168.1.20``, or with a port, ``studio.local:6390``.

    Raises:
        GeneratorError: it is none.
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon:
        host, port = port, str(PORT)
    if not host or not port.isdecimal() or not 0 < int(port) <= 65535 or any(sign in host for sign in "/@ "):  # noqa: PLR2004
        raise GeneratorError(f'"{text[:40]}" is no address of a cluster', f"write it as 192.168.1.20:{PORT}")
    return Address("127.0.0.1" if host in LOOPBACK else host, int(port))


def _address_file() -> Path:
    return platformdirs.user_config_path("liveset") / "remote-address"


def configured_address() -> Address | None:
    """The cluster that $LIVESET_REMOTE names, or that this machine was made part of last; None where there was none.

    Raises:
        GeneratorError: what is named is no address.
    """
    known = ""
    with contextlib.suppress(OSError, ValueError):
        known = _address_file().read_text("utf-8")
    named = os.environ.get(REMOTE_VARIABLE) or known
    return parse(named) if named else None


def chosen_address() -> Address:
    """The cluster that a set plays on: as configured, or else one on this machine.

    Raises:
        GeneratorError: what is named is no address.
    """
    return configured_address() or Address(LOOPBACK[0])


def keep_address(address: Address) -> None:
    """Remember of which cluster this machine is part; a disk that refuses it is no matter."""
    with contextlib.suppress(OSError):
        _address_file().parent.mkdir(parents=True, exist_ok=True)
        _address_file().write_text(str(address), "utf-8")


def token_file() -> Path:
    """Where the cluster's token lies on this machine: $RAY_AUTH_TOKEN_PATH, or in the folder for settings."""
    chosen = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return Path(chosen).expanduser() if chosen else platformdirs.user_config_path("liveset") / "remote-token"


def has_token() -> bool:
    """Whether there is a token on this machine."""
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or token_file().is_file()


def keep_token(token: str = "") -> Path:
    """Write the token, or a new one, where only its owner can read it.

    Raises:
        GeneratorError: the disk refuses it.
    """
    place = token_file()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token.strip() or secrets.token_hex(32))
    except (OSError, ValueError) as error:
        raise GeneratorError(
            f"the token cannot be written to {place} ({error})", "choose another with RAY_AUTH_TOKEN_PATH"
        ) from error
    return place


def environment(host: str) -> dict[str, str]:
    """What Ray reads from its environment, so that it asks for the token, tells nobody, and listens no further than it must.

    Args:
        host: of the cluster's head; on this machine Ray listens to this machine alone.
    """
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file()),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": str(int(host not in LOOPBACK)),  # 0, on any system: 127.0.0.1 stays what it is
        "RAY_NUM_REDIS_GET_RETRIES": "2",  # a wrong token is wrong a second later too
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


def answers(address: Address) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError):
        socket.create_connection((address.host, address.port), ANSWERS_S).close()
        return True
    return False


def check_answers(address: Address) -> None:
    """See that somebody listens there, since Ray itself would try for a minute.

    Raises:
        GeneratorError: nobody does.
    """
    if not answers(address):
        raise GeneratorError(f"no cluster answers at {address}", f"begin one: {command('remote head')}, or look at the network")
    if not has_token():
        raise GeneratorError("this machine has no token of the cluster", command("remote join ADDRESS"))
