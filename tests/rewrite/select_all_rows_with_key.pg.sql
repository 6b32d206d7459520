SELECT "id", "Body", "_hdb_odd" FROM "Notes" LIMIT 1000001
-- all rows, by their rowid
-- column 0: id
-- column 1: Body
-- HeliosDB: SELECT "id", "Body", "_hdb_odd" FROM "Notes"
