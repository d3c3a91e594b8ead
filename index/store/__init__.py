"""What is kept: on disk the catalogue, the truth, and what is derived from it; in memory what was computed last."""
