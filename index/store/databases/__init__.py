"""The databases that the catalogue can lie in, behind one interface: a file of SQLite, or a PostgreSQL."""
