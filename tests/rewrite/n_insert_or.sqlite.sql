INSERT OR REPLACE INTO notes(id, body) VALUES (1, 'x')
