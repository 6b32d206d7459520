SELECT id FROM notes WHERE (id = ?
