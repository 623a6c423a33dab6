"""Tests on fitted panels, and the path of specification that strings them together."""
