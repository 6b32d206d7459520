SELECT count(*) FROM words
