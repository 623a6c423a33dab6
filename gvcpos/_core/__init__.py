"""What every wing stands on: errors, labels and their alignment, options, files, shipped data, seeds."""
