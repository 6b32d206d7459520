SELECT notes.id FROM notes AS n WHERE n.id = 1
