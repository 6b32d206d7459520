SELECT "_hdb_n_a_column", "id", "_hdb_n_a_column", "_hdb_odd" FROM "_hdb_n_a_table" WHERE "id" = $1
-- one row by its rowid
-- $1: 1, INTEGER, not NULL
-- column 1: a column
-- column 0: id
-- column 1: a column
