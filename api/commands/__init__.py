"""The commands that take care of a data directory, and how results look in a terminal."""
