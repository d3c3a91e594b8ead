-- the bytes of all texts in UTF-8: to count them anew for each change would be to read them
INSERT INTO meta SELECT 'text_bytes', coalesce(sum(length(CAST(text AS BLOB))), 0) FROM documents;
CREATE TRIGGER document_added AFTER INSERT ON documents BEGIN
    UPDATE meta SET value = value + length(CAST(new.text AS BLOB)) WHERE name = 'text_bytes';
END;
CREATE TRIGGER document_removed AFTER DELETE ON documents BEGIN
    UPDATE meta SET value = value - length(CAST(old.text AS BLOB)) WHERE name = 'text_bytes';
END;
