"""Trains the reader: see `python -m rag.training run --help`. Needs torch, transformers (it brings Typer), OpenVINO."""
