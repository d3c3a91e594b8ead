-- where a passage stands: the way to it from the title, and of rows of tables the headers of their columns, with where
-- their cells begin, both as JSON; empty for passages of before, which are read and were embedded without
ALTER TABLE passages ADD COLUMN path TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN headers TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN cells TEXT NOT NULL DEFAULT '';
-- what is known of the columns of a table, as JSON; empty for none
ALTER TABLE blocks ADD COLUMN columns TEXT NOT NULL DEFAULT '';
-- which words are found: those of the context too
DROP TRIGGER passage_added;
DROP TRIGGER passage_removed;
DROP TABLE passage_words;
CREATE VIRTUAL TABLE passage_words USING fts5 (
    text, path, headers, content = 'passages', content_rowid = 'key',
    tokenize = "porter unicode61 remove_diacritics 2"
);
INSERT INTO passage_words (passage_words) VALUES ('rebuild');
CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
    INSERT INTO passage_words (rowid, text, path, headers) VALUES (new.key, new.text, new.path, new.headers);
END;
CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, text, path, headers)
    VALUES ('delete', old.key, old.text, old.path, old.headers);
    INSERT INTO tombstones SELECT old.key, value FROM meta WHERE name = 'generation';
END;
