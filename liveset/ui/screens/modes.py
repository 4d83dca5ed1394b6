"""What the screen waits for: a control to be learned, or a scene's number. Until it comes, keys mean something else."""

from __future__ import annotations

from dataclasses import replace

from engine.protocol import Learn, StopLearning, StoreScene, UndoLearning
from liveset.ui import controls
from liveset.ui.bindings import STORE_SCENE
from liveset.ui.screens.view import RECALLS
from liveset.ui.screens.writing import WritingView


class ModesView(WritingView):
    """Adds learning and scenes to the perform screen."""

    _learns: Learn | None = None

    # ------------------------------------------------------------ learning

    def action_learn(self, add: bool = False) -> None:
        """Wait for a control to put what is selected under; a second time: wait no more."""
        if self.desk.snapshot.midi.learning:
            self.link.send(StopLearning())
        elif self.desk.exists:
            self._learns = Learn(controls.target(self.desk.selected, self.desk.snapshot), add)
            self.link.send(self._learns)

    def action_undo_learning(self) -> None:
        """Take back what was learned last."""
        self.link.send(UndoLearning())

    def _taught(self, action: str) -> bool:
        """While a control is waited for, what is touched is what it shall move. Returns whether one is."""
        if not self.desk.snapshot.midi.learning:
            return False
        self._learns = Learn(action, self._learns is not None and self._learns.add)
        self.link.send(self._learns)
        return True

    def _selected(self) -> None:
        """Show another selection at once; while a control is waited for, it is for this."""
        super()._selected()
        if self.desk.exists:
            self._taught(controls.target(self.desk.selected, self.desk.snapshot))

    # ------------------------------------------------------------ scenes

    def action_scene(self, store: bool = False) -> None:
        """Wait for the number of a scene; again: the next way of bringing it back, and after the last one wait no more."""
        ways = (STORE_SCENE,) if store else tuple(RECALLS)
        at = ways.index(self.asks_scene) + 1 if self.asks_scene in ways else 0
        self.asks_scene = ways[at] if at < len(ways) else ""
        self.footer.show(self._moment())
        self.notices.show(self._notices())

    def take_scene(self, number: int) -> bool:
        """A digit: the scene's number, where one is waited for. Returns whether one was."""
        wanted, self.asks_scene = self.asks_scene, ""
        if not wanted:
            return False
        store = wanted == STORE_SCENE
        if not self._taught(f"store scene {number}" if store else f"scene {number}"):
            self.link.send(StoreScene(number) if store else replace(RECALLS[wanted][1], number=number))
        self.footer.show(self._moment())
        return True

    def action_leave(self) -> None:
        """Wait for nothing any more."""
        if self.desk.snapshot.midi.learning:
            self.link.send(StopLearning())
        self.asks_scene = ""
        self.footer.show(self._moment())
