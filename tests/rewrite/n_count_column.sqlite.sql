SELECT count(id) FROM notes
