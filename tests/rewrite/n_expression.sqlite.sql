SELECT id + 1 FROM notes WHERE id = 1
