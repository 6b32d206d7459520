UPDATE notes SET body = TRUE WHERE id = 1
