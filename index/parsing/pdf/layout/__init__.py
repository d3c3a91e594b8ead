"""The rows of pages → their parts in reading order, paragraphs and tables, and blocks. Knows nothing of PDFium."""
