"""Effects on the mix: each takes and returns a bus (2, 256) of float64 and is bit-transparent at its neutral setting."""
