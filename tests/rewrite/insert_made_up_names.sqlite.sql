INSERT INTO [a "table] VALUES (1, ?)
