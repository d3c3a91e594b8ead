"""The same work through other programs, each in a process and an environment of its own."""
