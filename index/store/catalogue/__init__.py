"""The catalogue: what it knows of documents, with a module for each kind; what it is asked, and given."""
