"""PDF → what a reader sees on its pages, in reading order."""

from index.parsing.pdf.reader import pdf

__all__ = ["pdf"]
