"""Covariances of the estimates, clustered ones, and the bootstrap."""
