"""Files that hold files: archives, and e-mail with its attachments."""
