SELECT [a column], `id`, "a column" FROM "a ""table" WHERE "rowid" = 1
