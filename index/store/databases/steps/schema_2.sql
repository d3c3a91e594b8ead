-- where the pages of a document begin, and its headings
CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, page INTEGER NOT NULL,
    PRIMARY KEY (document_id, start, page)
) WITHOUT ROWID;
CREATE TABLE headings (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, start INTEGER NOT NULL, number INTEGER NOT NULL,
    level INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (document_id, start, number)
) WITHOUT ROWID;
