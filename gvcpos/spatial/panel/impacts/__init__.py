"""Effects of the regressors: averages, by order of neighbour, by unit, with their errors."""
