SELECT "rowid", "id", "_hdb_odd" FROM "shadow" WHERE "id" = $1
-- one row by its rowid
-- $1: ?1, INTEGER, not NULL
-- column 1: rowid
-- column 0: id
