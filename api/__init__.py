"""The edges: HTTP, the chat page and the command line."""
