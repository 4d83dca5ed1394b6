"""A second screen in a browser: a real server on loopback lets in whoever has the token, and shows the set that plays."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from engine.errors import ServeError
from liveset.commands import browser
from liveset.commands.serve import address
from tests.live.conftest import Show
from tests.support.waiting import LIMIT_S, wait_until

TOKEN = "friday-evening"
NOBODY = "exit 1"
"""What no screen is started by: these tests ask for the door alone."""
PROMPT = b"driving techno"
"""A word of the set, which a screen can draw only once it has reached the engine: keys before that move nothing."""


@pytest.fixture
async def door() -> AsyncIterator[str]:
    """The address of a server, without the token."""
    runner = web.AppRunner(await browser.application(NOBODY, TOKEN), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def person() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser's cookies; they count for a bare address as well."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


PATHS = ["/", "/?token=", "/?token=friday", "/ws", "/ws?token=Friday-evening", "/static/js/textual.js", "/static/", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_is_handed_out_without_the_token(door: str, person: aiohttp.ClientSession, path: str) -> None:
    async with person.get(door + path) as said:
        assert said.status == 403
        assert "liveset serve" in await said.text()


async def test_no_websocket_opens_without_the_token(door: str, person: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await person.ws_connect(f"{door}/ws")


async def test_the_token_lets_in_once_and_for_all(door: str, person: aiohttp.ClientSession) -> None:
    async with person.get(f"{door}/?token={TOKEN}&fontsize=20") as said:
        assert said.status == 200
        assert TOKEN not in str(said.url) and said.url.query["fontsize"] == "20"
        page = await said.text()
    assert f"{door.replace('http', 'ws')}/ws" in page, "links lead where the browser came in"
    async with person.get(f"{door}/static/js/textual.js") as said:
        assert said.status == 200
    async with person.ws_connect(f"{door}/ws") as line:
        assert not line.closed


async def test_a_page_from_elsewhere_cannot_use_the_cookie(door: str, person: aiohttp.ClientSession) -> None:
    async with person.get(f"{door}/?token={TOKEN}") as said:
        assert said.status == 200
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await person.ws_connect(f"{door}/ws", origin="http://127.0.0.1:1")
    async with person.ws_connect(f"{door}/ws", origin=door) as line:
        assert not line.closed


async def test_a_port_that_is_taken_is_told(door: str) -> None:
    port = int(door.rsplit(":", 1)[1])
    with pytest.raises(ServeError, match=f"port {port} .*; name another: --port"):
        await browser.run(TOKEN, "127.0.0.1", port, lambda _: None, lambda: True)


def test_the_address_is_one_that_a_browser_can_open() -> None:
    assert address("127.0.0.1", 8000, "x") == "http://127.0.0.1:8000/?token=x"
    assert address("::1", 8000, "x") == "http://[::1]:8000/?token=x"
    assert "0.0.0.0" not in address("0.0.0.0", 8000, "x")


@pytest.fixture
def served(private: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Starts `serve` as a person does; its process, and the address it prints."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        argv = [sys.executable, "-m", "liveset", "serve", "--port", "0"]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        found = re.search(r"http://\S+", started[-1].stdout.readline())
        assert found is not None
        return started[-1], found[0]

    yield start
    for process in started:
        process.kill()
        process.wait(LIMIT_S)


def screens(of: int) -> list[int]:
    """The processes that a process has started."""
    listing = subprocess.run(["ps", "-e", "-o", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for ppid, pid in (line.split() for line in listing.splitlines()) if ppid == str(of)]


def lives(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_browser_sees_the_set_and_moves_it_and_ends_with_it(
    show: Callable[..., Show],
    served: Callable[[], tuple[subprocess.Popen[str], str]],
    person: aiohttp.ClientSession,
) -> None:
    one = show(minutes=2)
    one.wait_playing()
    process, opened = served()
    async with person.get(opened) as said:
        inside = str(said.url)
    async with person.ws_connect(f"{inside}ws?width=120&height=40") as line:
        drawn = b""
        while PROMPT not in drawn:
            drawn += await line.receive_bytes(timeout=LIMIT_S)
        await line.send_json(["stdin", "h"])
        one.wait(lambda shown: bool(shown.hold), "the hold that the browser asked for")
        assert len(screens(process.pid)) == 1
        process.send_signal(signal.SIGTERM)
        while not line.closed:
            await line.receive(timeout=LIMIT_S)
    process.wait(LIMIT_S)
    assert not one.now().closing, "the set plays on"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_screen_whose_server_was_killed_ends(
    show: Callable[..., Show],
    served: Callable[[], tuple[subprocess.Popen[str], str]],
    person: aiohttp.ClientSession,
) -> None:
    show(minutes=2).wait_playing()
    process, opened = served()
    async with person.get(opened) as said:
        inside = str(said.url)
    async with person.ws_connect(f"{inside}ws") as line:
        await line.receive_bytes(timeout=LIMIT_S)
        [child] = screens(process.pid)
        process.kill()
        wait_until(lambda: not lives(child), "the end of the screen")
