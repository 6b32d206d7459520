INSERT INTO "defaults" ("id", "a", "b") VALUES ($1, $2, $3)
-- one row of given values
-- $1: ?1, INTEGER, not NULL, the new rowid
-- $2: ?2, TEXT
-- $3: ?3, INTEGER, not NULL
