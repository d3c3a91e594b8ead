"""How results are kept, compared and shown."""
