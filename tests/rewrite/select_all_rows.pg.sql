SELECT "Body", "_hdb_odd", "id" FROM "Notes" LIMIT 1000001
-- all rows, by their rowid
-- column 1: Body
-- HeliosDB: SELECT "Body", "_hdb_odd", "id" FROM "Notes"
