"""Edges of a section matched to its neighbours: loudness, and where the beat lies."""
