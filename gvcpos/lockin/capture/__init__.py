"""What a position captures: slopes, curves, turning points, stages compared."""
