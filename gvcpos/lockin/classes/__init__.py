"""Mobility between classes of value capture."""
