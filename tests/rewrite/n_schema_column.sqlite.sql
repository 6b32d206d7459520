SELECT main.notes.id FROM notes WHERE id = 1
