"""The reader that ships, and what makes a loaded model of the name of any."""
