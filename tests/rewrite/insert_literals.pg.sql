INSERT INTO "Notes" ("id", "Body", "data", "price", "anything", "done", "day", "key") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
-- one row of given values
-- $1: -5, INTEGER, not NULL, the new rowid
-- $2: 'it's', TEXT, not NULL
-- $3: x'00ff', BLOB
-- $4: NULL, what NUMERIC keeps, encoded
-- $5: 7, anything, encoded
-- $6: 1, INTEGER
-- $7: '2024-01-31', TEXT that is no number
-- $8: '', TEXT
