SELECT rowid, oid FROM shadow WHERE oid = ?
