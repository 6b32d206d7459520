UPDATE notes SET body = NULL WHERE id = 1
