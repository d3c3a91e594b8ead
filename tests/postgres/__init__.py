"""A PostgreSQL for the tests, and one to try things on."""
