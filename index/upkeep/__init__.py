"""What an operator does with a data directory: examine it, mend it, copy it, put it back."""
