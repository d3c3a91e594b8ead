"""Files and texts → the index: read by one process or a crew of them, put in group by group, and kept in step."""
