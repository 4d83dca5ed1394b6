"""What a set is made of before it starts: its parts, their purposes, and the pace at which they can be made."""
