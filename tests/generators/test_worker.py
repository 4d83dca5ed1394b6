"""Loading a generator by name: what is none is said to be none, in one sentence."""

from __future__ import annotations

import pytest

from engine.errors import GeneratorError
from engine.generators.worker import load_generator

WRONG = [
    ("pockit", "there is no generator"),
    (":x", "there is no generator"),
    ("os:", "there is no generator"),
    ("no_such_module:X", "cannot be loaded"),
    ("os:nothing", "cannot be loaded"),
    ("os:path", "is no generator"),
    ("os:getcwd", "it has no generate and no warm_up"),
    ("tests.generators.test_worker:Raising", "is no generator: not today"),
]


class Raising:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("not today")


@pytest.mark.parametrize(("name", "says"), WRONG)
def test_what_is_no_generator_is_said_to_be_none(name: str, says: str) -> None:
    with pytest.raises(GeneratorError) as error:
        load_generator(name)
    assert says in str(error.value)
    assert f'"{name}"' in str(error.value)


def test_an_own_class_is_made() -> None:
    assert load_generator("tests.generators.tones:Tones").name
