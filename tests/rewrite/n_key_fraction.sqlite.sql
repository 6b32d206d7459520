SELECT id FROM notes WHERE id = 5.0
