UPDATE OR IGNORE notes SET body = 'x' WHERE id = 1
