SELECT "key", "_hdb_odd" FROM "Notes" WHERE "id" = $1
-- one row by its rowid
-- $1: 31, INTEGER, not NULL
-- column 8: key
