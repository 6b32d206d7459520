UPDATE "Notes" SET "Body" = $1, "score" = $2, "price" = $3, "day" = $4 WHERE "id" = $5 AND "_hdb_odd" IS NULL
-- given values for one row by its rowid
-- $1: ?1, TEXT, not NULL
-- $2: ?2, REAL
-- $3: ?3, what NUMERIC keeps, encoded
-- $4: NULL, TEXT that is no number
-- $5: ?4, INTEGER, not NULL
-- HeliosDB: UPDATE "Notes" SET "Body" = $1, "score" = $2, "price" = $3, "day" = $4 WHERE "id" = $5
-- HeliosDB, before it, with $5: SELECT "_hdb_odd" FROM "Notes" WHERE "id" = $1
