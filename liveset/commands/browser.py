"""Screens in browsers: textual-serve's server, which lets in nobody but who has the token."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hmac
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from textual_serve.server import Server
from yarl import URL

from engine.errors import ServeError
from liveset.commands.serve import LOOK_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN: Final = "token"
"""The word of the address that the token follows."""

TOKEN_BYTES: Final = 16
REFUSED: Final = "This screen needs the address that `liveset serve` printed, with the token in it."
LEAVE_S: Final = 2.0
"""How long browsers may take to let go at the end."""


def new_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def attach_command() -> str:
    """The command line of one screen, for the system's shell."""
    argv = [sys.executable, "-m", "liveset", "attach"]
    return subprocess.list2cmdline(argv) if sys.platform == "win32" else f"exec {shlex.join(argv)}"


class _Screens(Server):
    """Starts a screen for each browser that comes."""

    async def on_startup(self, app: web.Application) -> None:
        """Nothing: who runs it says where it is."""

    async def handle_index(self, request: web.Request) -> Any:
        """The page, whose links lead to where this browser found it: a machine has more names than one."""
        here = copy.copy(self)
        here.public_url = f"{request.scheme}://{request.host}"
        return await Server.handle_index(here, request)


async def application(command: str, token: str) -> web.Application:
    """What answers browsers: the page, its files and the line to a screen, all of them for those who have the token alone.

    Args:
        command: what is started for each browser, a command line of a Textual application.
        token: see `new_token`.
    """
    app = await _Screens(command, title="liveset")._make_app()
    app.middlewares.append(_gate(token))
    return app


def _gate(token: str) -> Any:
    """Asks each request for the token: in its address, or in the cookie that the first one got.

    A page elsewhere cannot use the cookie: what is no visit of a person has to come from a page of this server.
    """

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        cookie = f"liveset-{request.url.port}"  # cookies are shared by all ports of a machine
        if _same(request.query.get(TOKEN, ""), token):
            rest = {key: value for key, value in request.query.items() if key != TOKEN}
            there = str(request.rel_url.with_query(rest))  # without the token, which would stay to be read
            entered = web.Response(status=302, headers={"Location": there})
            entered.set_cookie(cookie, token, httponly=True, samesite="Lax")
            return _closed(request, entered)
        if not _same(request.cookies.get(cookie, ""), token) or not _from_here(request):
            return _closed(request, web.Response(status=403, text=REFUSED))
        return _closed(request, await handler(request))

    return gate


def _same(said: str, token: str) -> bool:
    return hmac.compare_digest(said.encode(), token.encode())


def _from_here(request: web.Request) -> bool:
    """Whether a page of this server asks; browsers say so of everything that could be another's."""
    origin = request.headers.get("Origin")
    return origin is None or URL(origin).authority == URL(f"{request.scheme}://{request.host}").authority


def _closed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The response, with the word that its page asks nobody else for anything: it works without a network, too."""
    if not response.prepared:
        own = f"'self' ws://{request.host} wss://{request.host}"
        policy = f"default-src 'self' 'unsafe-inline' data: blob:; connect-src {own}; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def run(token: str, host: str, port: int, say: Callable[[int], None], goes_on: Callable[[], bool]) -> None:
    """Answer browsers as long as the set goes on, and nobody ends this process.

    Args:
        token: see `new_token`.
        host, port: where to listen; port 0 takes a free one.
        say: is told the port, once browsers can come.
        goes_on: whether the set does.

    Raises:
        ServeError: if it cannot be listened there.
    """
    runner = web.AppRunner(await application(attach_command(), token), shutdown_timeout=LEAVE_S, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ServeError(f"cannot listen at {host[:40]}, port {port} ({reason[:30]})", "name another: --port 8001") from error
        say(runner.addresses[0][1])
        asked = _asked_to_end()
        while goes_on() and not asked.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), LOOK_S)
    finally:
        await runner.cleanup()


def _asked_to_end() -> asyncio.Event:
    """Set once a signal asks this process to end; ctrl-c does so by itself."""
    asked = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # there are no such signals on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    return asked
