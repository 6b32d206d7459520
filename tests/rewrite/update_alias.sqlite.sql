UPDATE notes AS n SET done = 1 WHERE n.rowid IS ?3
