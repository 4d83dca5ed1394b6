"""What was played, written down as it plays: one folder a set, which is read again to play it once more."""
