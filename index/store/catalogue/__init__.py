"""The catalogue: a module for each thing that it knows of documents, what may be asked of it, what is put into it."""
