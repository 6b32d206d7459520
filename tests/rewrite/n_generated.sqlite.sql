INSERT INTO made(id, a) VALUES (1, 2)
