INSERT INTO notes(id, rowid, body) VALUES (1, 2, 'x')
