SELECT "Body", "_hdb_odd" FROM "Notes" WHERE "id" = $1
-- one row by its rowid
-- $1: ?2, INTEGER, not NULL
-- column 1: Body
