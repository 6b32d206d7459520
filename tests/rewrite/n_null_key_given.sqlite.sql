INSERT INTO notes(id, body) VALUES (NULL, 'x')
