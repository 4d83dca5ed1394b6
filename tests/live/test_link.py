"""A set joins another program's Link session, over real multicast in a network of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.live import in_a_link_session
from tests.support.waiting import LIMIT_S

ALONE = ["unshare", "-rn"]


def networks_can_be_made() -> bool:
    """Whether this machine lets its users have networks of their own."""
    return (
        shutil.which(ALONE[0]) is not None and subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode == 0
    )


@pytest.mark.skipif(sys.platform != "linux" or not networks_can_be_made(), reason="needs a network namespace of its own")
@pytest.mark.skipif(find_spec("link") is None, reason="needs LinkPython-extern")
def test_set_goes_along_with_others_leads_them_by_hand_and_never_by_joining(private: Path) -> None:
    script = [sys.executable, "-m", in_a_link_session.__name__, str(private)]
    done = subprocess.run([*ALONE, *script], check=False, capture_output=True, text=True, timeout=10 * LIMIT_S)
    assert done.stdout, done.stderr
    assert json.loads(done.stdout) == {
        "met": True,
        "tempo of the others": pytest.approx(96.0, abs=0.01),
        "begins in their bars": True,
        "follows": True,
        "in time": True,
        "others follow a hand": True,
        "in time again": True,
        "alone": True,
    }
