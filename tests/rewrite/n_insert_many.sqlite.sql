INSERT INTO notes(id, body) VALUES (1, 'x'), (2, 'y')
