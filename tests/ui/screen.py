"""Running the perform screen in a test: updates happen when the test says so, and what is drawn reads as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from engine.protocol import Command, Snapshot
from liveset.ui.app import LivesetApp, Outcome
from liveset.ui.screens.perform import PerformScreen
from tests.ui.fake_link import FakeLink


@dataclass
class Stage:
    """An application under test and its link."""

    app: LivesetApp
    link: FakeLink
    pilot: Pilot[Outcome]

    @property
    def screen(self) -> PerformScreen:
        """The perform screen, whatever lies over it."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, PerformScreen)
        return screen

    async def update(self, snapshot: Snapshot | None = None, times: int = 3) -> None:
        """Some updates: three, so that the text that is renewed at every third has been."""
        if snapshot is not None:
            self.link.shown = snapshot
        for _ in range(times):
            self.screen.update_view()
        await self.pilot.pause()

    async def press(self, *keys: str) -> list[Command]:
        """The commands that some keys sent."""
        self.link.sent.clear()
        await self.pilot.press(*keys)
        return self.link.sent

    def text(self) -> str:
        """Everything on the terminal."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text.rstrip() for strip in strips)

    def line(self, start: str) -> str:
        """The line that begins with a word."""
        return next(line for line in self.text().splitlines() if line.strip().startswith(start))


@asynccontextmanager
async def on_stage(
    shown: Snapshot | None, size: tuple[int, int] = (120, 40), link: FakeLink | None = None
) -> AsyncIterator[Stage]:
    """Run the application and give it its first updates."""
    link = link or FakeLink(shown)
    app = LivesetApp(link, record_folder=Path("/records"), updates_per_second=0)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, link, pilot)
        await stage.update()
        yield stage
