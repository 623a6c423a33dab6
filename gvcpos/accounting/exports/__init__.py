"""Decompositions of gross exports and imports: pure functions of the flows between pairs of exporters."""
