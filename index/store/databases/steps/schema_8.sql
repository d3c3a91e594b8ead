-- where a passage stands: the way to it from the title, and of rows of tables the headers of their columns, with where
-- their cells begin, both as JSON; empty for passages of before, which are read and were embedded without
ALTER TABLE passages ADD COLUMN path TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN headers TEXT NOT NULL DEFAULT '';
ALTER TABLE passages ADD COLUMN cells TEXT NOT NULL DEFAULT '';
-- what is known of the columns of a table, as JSON; empty for none
ALTER TABLE blocks ADD COLUMN columns TEXT NOT NULL DEFAULT '';
