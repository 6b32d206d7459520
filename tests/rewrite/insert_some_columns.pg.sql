INSERT INTO "Notes" ("Body", "id", "score") VALUES ($1, $2, $3)
-- one row of given values
-- $1: ?1, TEXT, not NULL
-- $2: ?2, INTEGER, not NULL, the new rowid
-- $3: ?1, REAL
