"""Answers a question: retrieve, read, rank, abstain."""
