-- the search for words has an index of its own, which follows the catalogue (index.words)
DROP TRIGGER passage_added;
DROP TRIGGER passage_removed;
DROP TABLE passage_words;
CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO tombstones SELECT old.key, value FROM meta WHERE name = 'generation';
END;
