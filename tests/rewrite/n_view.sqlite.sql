SELECT count(*) FROM seen
