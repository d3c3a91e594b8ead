"""The vectors of passages: how they are searched, kept on disk, and brought in step with the catalogue."""
