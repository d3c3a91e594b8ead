"""The questions that are asked, by name or by file."""
