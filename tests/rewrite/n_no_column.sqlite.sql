SELECT missing FROM notes WHERE id = 1
