-- What SQLite has of its own, under the names that it goes by there: the store is written once, for both.
-- Texts are compared by their bytes, as SQLite does, whatever the database's collation.
CREATE DOMAIN exact AS text COLLATE "C";
-- SQLite reads texts as bytes where they may be damaged; here they cannot be
CREATE DOMAIN blob AS text;
CREATE FUNCTION instr(given text, part text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN strpos(given, part);
CREATE FUNCTION json_valid(given text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN given IS JSON;
-- [ stands for itself in our patterns, as [[]
CREATE FUNCTION glob(pattern text, given text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN given LIKE replace(translate(replace(replace(replace(pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*?', '%_'), '[[]', '[');
CREATE FUNCTION as_json_list(texts text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(array_to_json(texts)::text, '[]');
CREATE AGGREGATE json_group_array(text) (SFUNC = array_append, STYPE = text[], FINALFUNC = as_json_list);
-- ``atom`` is what a number is: to SQLite everything is what it is
CREATE FUNCTION json_each(given text) RETURNS TABLE (key exact, value exact, type text, atom numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20 AS $$
    SELECT name, inside #>> '{}',
        CASE jsonb_typeof(inside) WHEN 'string' THEN 'text' WHEN 'boolean' THEN inside::text
            WHEN 'number' THEN CASE WHEN inside::text ~ '[.e]' THEN 'real' ELSE 'integer' END
            ELSE jsonb_typeof(inside) END,
        CASE WHEN jsonb_typeof(inside) = 'number' THEN (inside #>> '{}')::numeric END
    FROM (
        SELECT e.key AS name, e.value AS inside FROM jsonb_each(
            CASE WHEN jsonb_typeof(given::jsonb) = 'object' THEN given::jsonb ELSE '{}' END) AS e
        UNION ALL
        SELECT (a.number - 1)::text, a.value FROM jsonb_array_elements(
            CASE WHEN jsonb_typeof(given::jsonb) = 'array' THEN given::jsonb ELSE '[]' END)
            WITH ORDINALITY AS a (value, number)
    ) AS entries
$$;

CREATE TABLE meta (name exact PRIMARY KEY, value exact NOT NULL);
CREATE TABLE history (generation bigint PRIMARY KEY, token text NOT NULL);
-- a token of every change, by which whoever lost the connection learns whether it was made; for an hour
CREATE TABLE commits (token text PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE documents (
    id exact PRIMARY KEY, title exact NOT NULL, source exact NOT NULL, identity exact NOT NULL UNIQUE,
    sha256 exact GENERATED ALWAYS AS (substr(identity, 1, 64)) STORED,
    characters integer NOT NULL, passages integer NOT NULL, created_at exact NOT NULL, metadata text NOT NULL,
    notes text NOT NULL, changed_at exact NOT NULL,
    original_sha256 exact, original_name text NOT NULL, original_type text NOT NULL, original_bytes bigint NOT NULL,
    parsed_by integer NOT NULL, text text NOT NULL,
    kind exact GENERATED ALWAYS AS (
        CASE WHEN strpos(source, '.') > 0
            AND length(source) - length(rtrim(source, replace(source, '.', ''))) BETWEEN 1 AND 10
            AND strpos(substr(source, length(rtrim(source, replace(source, '.', ''))) + 1), '/') = 0
        THEN lower(substr(source, length(rtrim(source, replace(source, '.', ''))) + 1)) ELSE 'text' END
    ) STORED
);
CREATE INDEX documents_by_sha256 ON documents (sha256);
CREATE INDEX documents_by_age ON documents (created_at, id);
CREATE INDEX documents_by_change ON documents (coalesce(nullif(changed_at, ''), created_at));
CREATE INDEX documents_by_kind ON documents (kind, id);
CREATE INDEX documents_by_parser ON documents (parsed_by);
CREATE INDEX documents_by_original ON documents (original_sha256);
-- vectors as they were computed, in 32 bits; what searches them is made from them
CREATE TABLE passages (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE,
    start integer NOT NULL, "end" integer NOT NULL, generation bigint NOT NULL, vector vector({dimension}) NOT NULL,
    text text NOT NULL, path text NOT NULL, headers text NOT NULL, cells text NOT NULL
);
-- a vector is never compressed: it is read at once
ALTER TABLE passages ALTER COLUMN vector SET STORAGE PLAIN;
CREATE INDEX passages_by_document ON passages (document_id);
CREATE TABLE tombstones (key bigint PRIMARY KEY, generation bigint NOT NULL);
CREATE INDEX tombstones_by_generation ON tombstones (generation, key);
CREATE TABLE pages (
    document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE, start integer NOT NULL, page integer NOT NULL,
    label text NOT NULL, PRIMARY KEY (document_id, start, page)
);
CREATE TABLE headings (
    document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE, start integer NOT NULL, number integer NOT NULL,
    level integer NOT NULL, text text NOT NULL, PRIMARY KEY (document_id, start, number)
);
CREATE TABLE blocks (
    document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE, start integer NOT NULL, "end" integer NOT NULL,
    kind text NOT NULL, level integer NOT NULL, columns text NOT NULL, PRIMARY KEY (document_id, start)
);
CREATE TABLE document_titles (document_id exact PRIMARY KEY REFERENCES documents ON DELETE CASCADE, alike exact NOT NULL);
CREATE TABLE document_sources (
    document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE, source exact NOT NULL, file exact,
    file_sha256 exact NOT NULL DEFAULT '', alike exact NOT NULL, rowid bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX sources_by_document ON document_sources (document_id);
CREATE INDEX sources_by_source ON document_sources (source);
CREATE UNIQUE INDEX sources_by_file ON document_sources (file) WHERE file <> '';
CREATE TABLE collections (name exact PRIMARY KEY);
CREATE TABLE document_collections (
    document_id exact NOT NULL REFERENCES documents ON DELETE CASCADE,
    collection exact NOT NULL REFERENCES collections ON DELETE CASCADE, PRIMARY KEY (document_id, collection)
);
CREATE INDEX documents_by_collection ON document_collections (collection, document_id);
CREATE TABLE deleted_documents (id exact PRIMARY KEY, deleted_at text NOT NULL);
CREATE TABLE originals (sha256 exact PRIMARY KEY, data bytea NOT NULL);
ALTER TABLE originals ALTER COLUMN data SET STORAGE EXTERNAL;
-- those that a document was deleted of, until it is seen to that none is left that nobody refers to
CREATE TABLE originals_gone (sha256 exact PRIMARY KEY);
CREATE TABLE feedback (
    id exact PRIMARY KEY, given_at exact NOT NULL, question text NOT NULL, verdict text NOT NULL, answer text,
    document_id exact, sha256 text, title exact, context exact, truth text, truth_start integer, answered_from exact
);

CREATE FUNCTION generation_moved_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO history VALUES (new.value::bigint, replace(gen_random_uuid()::text, '-', ''));
    DELETE FROM history WHERE generation <= new.value::bigint - 10000;
    RETURN NULL;
END $$;
CREATE TRIGGER generation_moved_on AFTER UPDATE OF value ON meta FOR EACH ROW WHEN (new.name = 'generation')
    EXECUTE FUNCTION generation_moved_on();
CREATE FUNCTION passages_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO tombstones SELECT gone.key, m.value::bigint FROM gone, meta AS m WHERE m.name = 'generation';
    RETURN NULL;
END $$;
CREATE TRIGGER passages_removed AFTER DELETE ON passages REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION passages_removed();
CREATE FUNCTION original_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO originals_gone VALUES (old.original_sha256) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER original_gone AFTER DELETE ON documents FOR EACH ROW WHEN (old.original_sha256 IS NOT NULL)
    EXECUTE FUNCTION original_gone();
CREATE FUNCTION texts_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE meta SET value = value::bigint + CASE TG_OP WHEN 'INSERT' THEN octet_length(new.text)
        ELSE -octet_length(old.text) END WHERE name = 'text_bytes';
    RETURN NULL;
END $$;
CREATE TRIGGER texts_counted AFTER INSERT OR DELETE ON documents FOR EACH ROW EXECUTE FUNCTION texts_counted();

INSERT INTO meta VALUES ('generation', '0'), ('text_bytes', '0');
INSERT INTO history VALUES (0, replace(gen_random_uuid()::text, '-', ''));
