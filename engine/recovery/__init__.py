"""What a crash cut off, finished; and what was heard without a recording, saved."""
