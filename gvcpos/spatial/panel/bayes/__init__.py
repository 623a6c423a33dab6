"""Posterior probabilities of models and of weights."""
