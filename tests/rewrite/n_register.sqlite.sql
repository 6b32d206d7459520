SELECT id FROM notes WHERE id = #1
