"""The smile curve of a final product, year by year, and its tests."""
