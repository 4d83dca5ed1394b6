"""Who plays the drums, and what."""
