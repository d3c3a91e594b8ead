"""What operators do: examine a data directory, mend it, copy it, put it back; and the terminal they see it in."""
