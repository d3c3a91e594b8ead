-- titles and sources as words are looked for in them, which SQLite cannot make: written with them (index.store.names)
CREATE TABLE document_titles (
    document_id TEXT PRIMARY KEY REFERENCES documents ON DELETE CASCADE, alike TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE document_sources ADD COLUMN alike TEXT NOT NULL DEFAULT '';
-- so that kinds are counted without making each out of its source
CREATE INDEX documents_by_kind ON documents (kind, id);
