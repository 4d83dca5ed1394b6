"""``python -m liveset`` is the liveset command."""

from liveset.cli import main

main()
