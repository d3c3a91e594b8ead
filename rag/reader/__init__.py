"""Question and passages → spans."""
