DELETE FROM "checked" WHERE "id" = $1
-- one row less by its rowid
-- $1: 4, INTEGER, not NULL
