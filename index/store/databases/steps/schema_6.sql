-- the file that a document was read from, which lies in the folder of originals under this hash; NULL: none is kept
ALTER TABLE documents ADD COLUMN original_sha256 TEXT;
ALTER TABLE documents ADD COLUMN original_name TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN original_type TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN original_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_by_original ON documents (original_sha256);
-- which version of the parsers read it; 0: one before they were counted
ALTER TABLE documents ADD COLUMN parsed_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_by_parser ON documents (parsed_by);
-- originals that a document was deleted of, until it is seen to that none is left that nobody refers to
CREATE TABLE originals_gone (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER original_gone AFTER DELETE ON documents WHEN old.original_sha256 IS NOT NULL BEGIN
    INSERT OR IGNORE INTO originals_gone VALUES (old.original_sha256);
END;
-- what is printed on the page as its number
ALTER TABLE pages ADD COLUMN label TEXT NOT NULL DEFAULT '';
