UPDATE notes SET score = NULL WHERE id = 1 LIMIT 1
