"""Formats that are text: plain text, Markdown, tables with delimiters, JSON lines, subtitles; and encodings."""
