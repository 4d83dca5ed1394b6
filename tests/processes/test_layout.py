"""Names and addresses of a session: each spelt in one place, and clear words where a folder cannot serve."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from engine.errors import EngineError, RecordingError
from engine.processes import layout

ROOT = Path(__file__).resolve().parents[2]
FILES = [value for name, value in vars(layout).items() if name.endswith(("_FILE", "_LOG")) and value not in ("key", "current")]


@pytest.mark.parametrize("name", [*FILES, '.sock"', "user_runtime_dir", "user_cache_dir", r'".flac", ".wav"'])
def test_each_name_of_a_sessions_folder_is_spelt_in_the_layout_alone(name: str) -> None:
    spelt = {
        path.relative_to(ROOT).as_posix()
        for package in ("engine", "liveset", "scripts")
        for path in (ROOT / package).rglob("*.py")
        if name in path.read_text(encoding="utf-8")
    }
    assert spelt == {"engine/processes/layout.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes have no such limit")
def test_folder_too_deep_for_a_socket_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="XDG_RUNTIME_DIR"):
        layout.address(tmp_path / ("x" * layout.MAX_SOCKET_BYTES), layout.ENGINE)
    assert layout.address(Path("/run/s"), layout.PLAYER) == "/run/s/player.sock"


def test_recording_nobody_named_is_called_after_the_set_and_the_time() -> None:
    assert re.fullmatch(r"Late-night-set-2-\d{8}-\d{6}\.flac", layout.recording_name("Late night: /set 2/"))
    assert layout.recording_name("../..").startswith("set-")


@pytest.mark.parametrize("name", ["set.mp3", "set", ".flac"])
def test_audio_file_of_another_kind_is_refused_by_name(name: str) -> None:
    with pytest.raises(RecordingError, match="neither"):
        layout.check_audio_name(Path(name))
    layout.check_audio_name(Path("SET.FLAC"))
