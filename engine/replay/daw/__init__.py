"""A set that was played, as files that other music programs open: stems, MIDI, a table of its sections."""
