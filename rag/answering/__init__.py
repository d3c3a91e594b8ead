"""A question → its answer: what is retrieved, read and decided about it, in which order."""
