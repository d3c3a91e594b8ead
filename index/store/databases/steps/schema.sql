CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,
    characters INTEGER NOT NULL, passages INTEGER NOT NULL, created_at TEXT NOT NULL, metadata TEXT NOT NULL,
    text TEXT NOT NULL
);
-- AUTOINCREMENT: a key is never used twice, so a stale vector can never answer for a new passage
CREATE TABLE passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, generation INTEGER NOT NULL, vector BLOB NOT NULL, text TEXT NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_generation ON passages (generation);
CREATE TABLE tombstones (key INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE INDEX tombstones_by_generation ON tombstones (generation);
CREATE VIRTUAL TABLE passage_words USING fts5 (
    text, content = 'passages', content_rowid = 'key', tokenize = "porter unicode61 remove_diacritics 2"
);
CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
    INSERT INTO passage_words (rowid, text) VALUES (new.key, new.text);
END;
CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', old.key, old.text);
    INSERT INTO tombstones SELECT old.key, value FROM meta WHERE name = 'generation';
END;
