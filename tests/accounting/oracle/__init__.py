"""A slow oracle of value-added accounts: dense arrays, explicit blocks, every equation as it is printed."""
