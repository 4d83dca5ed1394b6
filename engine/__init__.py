"""The engine behind liveset: conductor, player, generators, MIDI and analysis."""
