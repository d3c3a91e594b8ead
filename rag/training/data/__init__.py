"""What a reader learns from: examples and their batches, hard passages, swapped names, parts held out."""
