"""Files that hold files: archives, e-mail with its attachments, and books with their pages."""
