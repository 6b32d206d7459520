SELECT rowid FROM notes WHERE id = ?1
