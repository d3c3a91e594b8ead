"""Very many files put in by several workers: processes of this machine, or of a Ray cluster."""
