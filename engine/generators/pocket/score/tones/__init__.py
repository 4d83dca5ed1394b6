"""Harmony, chords and melody, and who plays them."""
