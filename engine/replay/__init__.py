"""Sets played again from what was written down of them, and taken apart for other programs."""
