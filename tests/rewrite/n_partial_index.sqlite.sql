UPDATE partial SET a = 'x' WHERE id = 1
