SELECT body FROM notes WHERE id = 1 ORDER BY body
