SELECT count(*) FROM "triggered"
-- count of all rows
-- column -1: count(*)
