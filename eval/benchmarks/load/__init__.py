"""Many clients at once: how many questions a second a server answers, and how long each takes."""
