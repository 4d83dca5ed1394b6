"""What the headphones play, as the player's other thread sees it: files are opened here, and read ahead of the renderer."""

from __future__ import annotations

from typing import Final

from engine.player.decks import PREFETCH_S, Deck, open_decks
from engine.player.rendering.headphones import Headphones, Programme
from engine.protocol import Listen, ListenFailed
from engine.timebase import SAMPLE_RATE

AHEAD: Final = 2 * int(PREFETCH_S * SAMPLE_RATE)
"""Frames that are read ahead at a time: a keeper comes from a disk, for which the renderer never waits."""


class Listened:
    """The files of what is cued.

    Args:
        headphones: the renderer's, which play them.
    """

    def __init__(self, headphones: Headphones) -> None:
        self._headphones = headphones
        self._unread: list[tuple[Deck, int]] = []

    def order(self, order: Listen) -> ListenFailed | None:
        """Cue what is asked for, from files opened anew: the set's own are looked at by the renderer alone.

        Returns:
            what is wrong, where nothing can be cued.
        """
        decks, failed = open_decks(order.cues, {})
        heard = bool(decks) and not failed
        self._unread = [(deck, max(0, deck.cue.start_frame - deck.cue.origin_frame)) for deck in decks] if heard else []
        self._headphones.play(Programme(decks, order.first, order.again, order.as_mixed) if heard else None)
        return ListenFailed(order.listen_id, failed[0].message) if failed else None

    def read_ahead(self) -> None:
        """Touch some more of the files; call it twice a second."""
        for deck, place in self._unread:
            deck.reader.prefetch(place, AHEAD)
        self._unread = [(deck, place + AHEAD) for deck, place in self._unread if place + AHEAD < deck.reader.info.frames]
