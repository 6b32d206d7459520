SELECT body FROM notes, plain WHERE id = 1
