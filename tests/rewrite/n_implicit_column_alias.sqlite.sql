SELECT id x FROM notes WHERE id = 1
