SELECT value FROM json_each('[1]') WHERE rowid = 1
