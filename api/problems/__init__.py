"""Errors → RFC 9457 problem+json: how each looks to a client, and its type."""
