SELECT length(body) FROM notes WHERE id = 1
