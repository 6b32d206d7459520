SELECT count(*) FROM "kv"
-- count of all rows
-- column -1: n
