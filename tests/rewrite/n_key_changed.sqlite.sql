UPDATE notes SET id = 2 WHERE id = 1
