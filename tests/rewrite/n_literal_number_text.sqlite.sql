INSERT INTO notes(id, body, day) VALUES (1, 'x', ' 20240131 ')
