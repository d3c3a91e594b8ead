"""How search grows with the number of passages: by vectors, by words, and in a PostgreSQL."""
