-- Where documents came from: the name that is shown, and of a file on this machine its path, which is not. `file` is ''
-- for what was sent, and NULL for what was put in before this was noted.
CREATE TABLE document_sources (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, source TEXT NOT NULL, file TEXT,
    file_sha256 TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sources_by_document ON document_sources (document_id);
CREATE INDEX sources_by_source ON document_sources (source);
CREATE UNIQUE INDEX sources_by_file ON document_sources (file) WHERE file <> '';
INSERT INTO document_sources (document_id, source) SELECT id, source FROM documents;
CREATE TABLE collections (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE document_collections (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    collection TEXT NOT NULL REFERENCES collections ON DELETE CASCADE, PRIMARY KEY (document_id, collection)
) WITHOUT ROWID;
CREATE INDEX documents_by_collection ON document_collections (collection, document_id);
-- so that whoever comes with the id of a document that is gone is told so
CREATE TABLE deleted_documents (id TEXT PRIMARY KEY, deleted_at TEXT NOT NULL) WITHOUT ROWID;
-- The hash of the text; where others hold the same text who must not know of each other, with a token behind it. Nothing
-- behind the text is read when documents are listed: so what is added here takes no room in the rows, or has an index.
ALTER TABLE documents RENAME COLUMN sha256 TO identity;
ALTER TABLE documents ADD COLUMN sha256 TEXT GENERATED ALWAYS AS (substr(identity, 1, 64)) VIRTUAL;
CREATE INDEX documents_by_sha256 ON documents (sha256);
-- the kind of file: what stands behind the last dot of the source, if that can be a suffix, else 'text'
ALTER TABLE documents ADD COLUMN kind TEXT GENERATED ALWAYS AS (
    CASE WHEN instr(source, '.') AND length(source) - length(rtrim(source, replace(source, '.', ''))) BETWEEN 1 AND 10
        AND NOT instr(substr(source, length(rtrim(source, replace(source, '.', ''))) + 1), '/')
    THEN lower(substr(source, length(rtrim(source, replace(source, '.', ''))) + 1)) ELSE 'text' END
) VIRTUAL;
-- when it was given another text; empty for never
ALTER TABLE documents ADD COLUMN changed_at TEXT NOT NULL DEFAULT '';
CREATE INDEX documents_by_change ON documents (coalesce(nullif(changed_at, ''), created_at));
