UPDATE notes SET body = 'x' FROM plain WHERE id = 1
