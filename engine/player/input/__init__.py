"""What comes in from the room: a device in a process of its own, and the last bars of it in memory, on the set's own frames."""
