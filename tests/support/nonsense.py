"""What nobody should send, for whoever listens: by somebody who knows the key, and by somebody who does not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from tests.protocol.test_checking import GOOD, JUNK

MESSAGES = 300


def nonsense(seed: int) -> Iterator[object]:
    """Objects that pickle: junk, and our own messages with junk in a field."""
    rng = random.Random(seed)
    for _ in range(MESSAGES):
        message: Any = rng.choice([each for each, _ in GOOD])
        names = [field.name for field in fields(message)]
        spoilt = replace(message, **{rng.choice(names): rng.choice(JUNK)}) if names else message
        yield rng.choice((spoilt, spoilt, rng.choice(JUNK)))


def broken_pickles(seed: int, count: int = 60) -> Iterator[bytes]:
    """Bytes that are no message: noise, the beginning of a pickle, a pickle that names what is not there."""
    rng = random.Random(seed)
    for _ in range(count):
        noise = rng.randbytes(rng.randrange(40))
        yield rng.choice((b"", noise, b"\x80\x04" + noise, b"\x80\x04cengine.protocol\nNothing\n."))
