"""Scenes in a set that plays, and the set saved as it stands by another process."""

from __future__ import annotations

import subprocess
import sys

from engine.presets import load_preset
from engine.protocol import RecallScene, SetMacro, SetStem, StoreScene
from tests.live.conftest import Show
from tests.support.waiting import LIMIT_S


def liveset(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "liveset", *words], capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_scene_comes_in_over_a_bar_and_the_set_is_saved_with_it(one: Show) -> None:
    one.client.send(StoreScene(1))
    one.client.send(SetMacro("echo", 0.8))
    one.client.send(SetStem("bass", 0.2, muted=True))
    shown = one.wait(lambda s: s.macros[1].value == 0.8 and s.stems[1].muted, "the moves")
    assert shown.scenes.stored == (1,) and shown.scenes.active == 0
    one.client.send(RecallScene(1, "bar", 1))
    one.wait(lambda s: s.scenes.coming == 1 and 0 < s.macros[1].value < 0.8, "the way")
    shown = one.wait(lambda s: s.scenes.active == 1, "the scene")
    assert (shown.macros[1].value, shown.stems[1].level, shown.stems[1].muted) == (0.0, 1.0, False)
    assert one.status()["silent_frames"] == 0

    saved = liveset("save", "friday")
    assert saved.returncode == 0 and saved.stdout.startswith("Saved:"), saved.stderr
    preset = load_preset("friday")
    assert [scene.number for scene in preset.scene] == [1] and preset.set.bpm == 200
    refused = liveset("save", "friday")
    assert refused.returncode == 2 and "there is a preset friday already" in refused.stderr
    assert liveset("save", "friday", "--force").returncode == 0
    assert liveset("check", "friday").returncode == 0


def test_nothing_to_save_is_one_sentence(private: object) -> None:
    refused = liveset("save", "friday")
    assert refused.returncode == 2 and refused.stderr.startswith("liveset: no set is playing")
