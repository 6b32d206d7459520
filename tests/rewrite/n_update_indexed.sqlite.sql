UPDATE notes INDEXED BY i SET score = 1 WHERE id = 1
