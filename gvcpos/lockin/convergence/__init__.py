"""Convergence, clubs and thresholds."""
