"""Indices of cells from a few solves: position, participation, lengths."""
