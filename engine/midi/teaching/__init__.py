"""Controls that performers teach: which one a hand moves, and what is kept of it."""
