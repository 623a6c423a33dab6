"""Who leads a stage: shares, networks, ranks, and where a stage's value added ends."""
