SELECT id FROM notes WHERE body = ?
