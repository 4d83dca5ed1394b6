"""What comes in from the room."""
