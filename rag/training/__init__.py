"""Trains the reader: `python -m rag.training run --help`. Needs torch, transformers and numpy, nothing else."""
