SELECT id FROM shadow WHERE rowid = ?
