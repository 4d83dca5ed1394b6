"""Every message that a performer can see is short, and says what to do where something is wrong."""

from __future__ import annotations

import ast

import pytest

from tests.support.messages import NUMBER, PLACEHOLDER, Message, longest, messages

MOST = 100
"""Characters that fit on a screen of 120 columns, beside the mark and the time."""

ADVICE = (
    "must ",
    "run ",
    "use ",
    "press ",
    "start ",
    "write ",
    "goes on",
    "plays on",
    "again",
    "closes",
    "as asked",
    "check ",
)
"""One of these in the message itself counts as saying what to do, or that nothing has to be done."""

FOUND = messages()


def over(text: str | None) -> bool:
    return text is not None and len(text) > MOST


def is_helpful(message: Message) -> bool:
    """Whether it says what to do; a message that passes on the words of others is judged where those arise."""
    own = message.text.rstrip("_").rstrip()
    passed_on = own != message.text and (not own or own.endswith(":"))
    return not message.error or bool(message.hint) or passed_on or any(word in message.text for word in ADVICE)


def test_messages_are_found_all_over_the_tree() -> None:
    files = {message.where.partition(":")[0] for message in FOUND}
    assert {"engine/presets/mistakes.py", "engine/conductor/reacting/on_command.py", "liveset/commands/doctor.py"} <= files


def test_no_message_is_longer_than_the_screen_shows() -> None:
    long = [f"{m.where}: {len(part)}: {part}" for m in FOUND for part in (m.text, m.hint) if part is not None and over(part)]
    assert not long, "\n".join(long)


def test_every_error_says_what_to_do() -> None:
    blames = [f"{message.where}: {message.text}" for message in FOUND if not is_helpful(message)]
    assert not blames, "\n".join(blames)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('"plain"', "plain"),
        ('f"{count} bars"', "_" * PLACEHOLDER + " bars"),
        ('f"{bpm:g} BPM"', "_" * NUMBER + " BPM"),
        ('"a" + ("long" if x else "b")', "along"),
        ("word", "told"),
        ("unknown(1)", "_" * PLACEHOLDER),
    ],
)
def test_texts_are_read_from_expressions(code: str, text: str) -> None:
    words = {"word": [ast.parse('"told"', mode="eval").body]}
    assert longest(ast.parse(code, mode="eval").body, words) == text
