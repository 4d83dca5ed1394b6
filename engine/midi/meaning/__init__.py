"""What messages mean: positions, ticks, presses, the halves of a value, and what they betray about what sends them."""
