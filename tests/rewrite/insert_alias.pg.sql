INSERT INTO "Notes" ("id", "Body") VALUES ($1, $2)
-- one row of given values
-- $1: ?2, INTEGER, not NULL, the new rowid
-- $2: ?1, TEXT, not NULL
