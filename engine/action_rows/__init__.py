"""Rows of the table of everything that a performer can do (`engine.actions`), by what they are about."""
