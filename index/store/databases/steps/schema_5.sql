-- what of its file was not read, as a JSON array of sentences
ALTER TABLE documents ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
-- what its parser knew to be one thing: headings, list items, tables …
CREATE TABLE blocks (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, end INTEGER NOT NULL,
    kind TEXT NOT NULL, level INTEGER NOT NULL, PRIMARY KEY (document_id, start)
) WITHOUT ROWID;
