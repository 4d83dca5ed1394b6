"""Generators: text and structure in, sections of music out. torch lives below this package alone."""
