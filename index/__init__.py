"""Turns documents into something searchable: parse, split, embed, store."""
