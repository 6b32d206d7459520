SELECT "score", "_hdb_odd" FROM "Notes" WHERE "id" = $1
-- one row by its rowid
-- $1: -9223372036854775808, INTEGER, not NULL
-- column 2: score
