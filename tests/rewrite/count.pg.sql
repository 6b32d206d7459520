SELECT count(*) FROM "Notes"
-- count of all rows
-- column -1: count(*)
