INSERT INTO notes(id, body, score) VALUES (1, 'x', 1.5)
