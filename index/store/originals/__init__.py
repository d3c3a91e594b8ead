"""The files that documents were read from, as they were: in a folder beside the catalogue, or in its database."""
