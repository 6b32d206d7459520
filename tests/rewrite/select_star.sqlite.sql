SELECT * FROM Notes WHERE rowid = :key
