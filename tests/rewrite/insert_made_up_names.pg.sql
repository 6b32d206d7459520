INSERT INTO "_hdb_n_a_table" ("id", "_hdb_n_a_column") VALUES ($1, $2)
-- one row of given values
-- $1: 1, INTEGER, not NULL, the new rowid
-- $2: ?1, TEXT
