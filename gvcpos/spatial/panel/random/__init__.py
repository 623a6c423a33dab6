"""Random effects, Baltagi's and Kapoor, Kelejian and Prucha's, by exact likelihood."""
