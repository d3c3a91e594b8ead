-- A random token for each generation. What is derived from the catalogue keeps the token of the generation that it was
-- made from, and so knows whether this is the same history, or one that went another way from a copy. A trigger, so
-- that no change can go without one.
CREATE TABLE history (generation INTEGER PRIMARY KEY, token TEXT NOT NULL);
CREATE TRIGGER generation_moved_on AFTER UPDATE OF value ON meta WHEN new.name = 'generation' BEGIN
    INSERT INTO history VALUES (CAST(new.value AS INTEGER), lower(hex(randomblob(16))));
    DELETE FROM history WHERE generation <= new.value - 10000;
END;
-- keys grow as generations do, so what was added is found by its key
DROP INDEX passages_by_generation;
