"""A training run: its steps, rate, loss, checkpoints and log."""
