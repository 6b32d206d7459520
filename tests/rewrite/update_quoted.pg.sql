UPDATE "Notes" SET "key" = $1, "done" = $2 WHERE "id" = $3 AND "_hdb_odd" IS NULL
-- given values for one row by its rowid
-- $1: 'k', TEXT
-- $2: 0, INTEGER
-- $3: 1, INTEGER, not NULL
-- HeliosDB: UPDATE "Notes" SET "key" = $1, "done" = $2 WHERE "id" = $3
-- HeliosDB, before it, with $3: SELECT "_hdb_odd" FROM "Notes" WHERE "id" = $1
