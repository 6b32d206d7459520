SELECT 'open FROM notes WHERE id = 1
