"""Which way a press of the record key goes, however fast it comes after another."""

from __future__ import annotations

from engine.live.recordings import Recordings
from engine.protocol import PlayerOrder, RecordingState, StartRecording, StopRecording


def test_two_presses_at_once_are_as_before() -> None:
    orders: list[PlayerOrder] = []
    recordings = Recordings(orders.append, lambda _level, _text: None, "Test", None)
    recordings.toggle("/tmp/one.flac")
    recordings.toggle("/tmp/two.flac")
    assert [type(order) for order in orders] == [StartRecording, StopRecording]


def test_a_press_stops_what_the_player_says_it_records() -> None:
    orders: list[PlayerOrder] = []
    recordings = Recordings(orders.append, lambda _level, _text: None, "Test", None)
    recordings.said(RecordingState("/tmp/one.flac", ""))
    recordings.toggle("/tmp/two.flac")
    recordings.said(RecordingState(None, ""))
    recordings.toggle("/tmp/two.flac")
    assert orders == [StopRecording(), StartRecording("/tmp/two.flac", "Test")]
