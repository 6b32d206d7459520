INSERT INTO kv VALUES ('k', 'v')
