"""What each command, and each word of the player and the generators, does to the state."""
