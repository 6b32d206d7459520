DELETE FROM "uniq" WHERE "id" = $1
-- one row less by its rowid
-- $1: ?1, INTEGER, not NULL
