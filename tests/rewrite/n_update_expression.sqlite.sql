UPDATE notes SET score = score + 1 WHERE id = 1
