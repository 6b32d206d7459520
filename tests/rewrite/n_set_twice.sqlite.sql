UPDATE notes SET body = 'x', Body = 'y' WHERE id = 1
