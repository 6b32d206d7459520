UPDATE notes SET (body, score) = ('x', 1) WHERE id = 1
