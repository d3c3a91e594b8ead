"""Documents over the wire: how they come in, as JSON or files, and what is shown of them."""
