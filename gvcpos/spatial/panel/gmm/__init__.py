"""Two-stage least squares and generalised moments."""
