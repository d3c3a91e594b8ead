"""What stands on the pages of a PDF: from characters to words, and to rows of segments."""
