INSERT INTO defaults(id, b) VALUES (1, 2)
