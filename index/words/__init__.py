"""The search for words: how they are normalised, the index of them, and how it follows the catalogue."""
