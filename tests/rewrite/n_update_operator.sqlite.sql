UPDATE notes SET body = ? || 'x' WHERE id = 1
