"""Spans → probabilities and the decision whether to answer."""
