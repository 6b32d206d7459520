SELECT count(*), id FROM notes WHERE id = 1
