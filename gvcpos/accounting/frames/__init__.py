"""What the accounts hand out: the numbers of the wing, summed to a level and labelled."""
