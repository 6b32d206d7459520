UPDATE "Notes" SET "done" = $1 WHERE "id" = $2 AND "_hdb_odd" IS NULL
-- given values for one row by its rowid
-- $1: 1, INTEGER
-- $2: ?3, INTEGER, not NULL
-- HeliosDB: UPDATE "Notes" SET "done" = $1 WHERE "id" = $2
-- HeliosDB, before it, with $2: SELECT "_hdb_odd" FROM "Notes" WHERE "id" = $1
