"""The reader that ships, and the code that finds and loads a model by its name."""
