"""What a set says to other devices and programs, and files it writes for its user, beside the screens and the player."""
