UPDATE notes SET score = 1
