"""What a Word document (.docx) shows that pandoc does not: it is written into the document before pandoc reads it.

`package` finds the parts of the file, `styles` and `numbering` know what paragraphs look like, `rewriting` puts it all
into the text: automatic numbers, text boxes, headers and footers, fields of forms, without hidden and deleted text.
"""
