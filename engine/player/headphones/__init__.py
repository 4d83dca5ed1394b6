"""Headphones on a device of their own: a ring in memory, the drift of another clock, and a process that plays it."""
