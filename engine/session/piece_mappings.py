"""The mapping of controllers through a set: each piece's own [midi] table counts from its first downbeat on."""

from __future__ import annotations

from engine.conductor.pieces import sounding
from engine.conductor.reacting.values import values_by_target
from engine.conductor.state import State
from engine.midi.mapping import Mapping, mapping_of
from engine.presets import SetList


class PieceMappings:
    """One mapping, which follows the pieces of a set.

    Args:
        chosen: the set; a single piece has its mapping from beginning to end.
        takeover: as `Mapping` takes it.

    Attributes:
        mapping: the one that takes messages.

    Raises:
        MidiError: if the [midi] table of one of the pieces is wrong.
    """

    def __init__(self, chosen: SetList, takeover: bool = True) -> None:
        def of_piece(number: int) -> Mapping:
            preset = chosen.pieces[number]
            return mapping_of(preset.source, preset.midi.controller, preset.midi.overrides, takeover)

        self.mapping = of_piece(0)
        self._each = tuple(of_piece(number) for number in range(len(chosen.pieces)))
        self._number = 1

    def follow(self, state: State) -> None:
        """Have the mapping of the piece that sounds count from now on."""
        pieces = state.settings.pieces
        number = pieces[sounding(state)].number if pieces else 1
        if number != self._number and number <= len(self._each):
            self._number = number
            self.mapping.change_over(self._each[number - 1])
            self.mapping.sync(values_by_target(state))
