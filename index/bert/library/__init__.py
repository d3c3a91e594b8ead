"""Encoders computed by sentence-transformers and transformers, for models that are not compiled here."""
