UPDATE "counted" SET "a" = $1 WHERE "id" = $2 AND "_hdb_odd" IS NULL
-- given values for one row by its rowid
-- $1: ?1, TEXT
-- $2: 5, INTEGER, not NULL
-- HeliosDB: UPDATE "counted" SET "a" = $1 WHERE "id" = $2
-- HeliosDB, before it, with $2: SELECT "_hdb_odd" FROM "counted" WHERE "id" = $1
