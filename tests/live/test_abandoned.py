"""A set that nobody can reach any more, its folder gone, ends by itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tests.live.conftest import MODULES, Show
from tests.support.waiting import wait_until


def test_set_out_of_reach_ends_when_its_last_screen_goes(show: Callable[..., Show]) -> None:
    one = show(minutes=6)
    one.wait_playing()
    shutil.rmtree(one.engine.folder)
    one.kill("engine.generators.worker")  # another cannot be reached, nor write its log
    one.wait_on(1.0)  # whoever is connected still plays
    one.client.close()
    wait_until(lambda: not any(one.pids(module) for module in MODULES), "the end of every process")
