SELECT a FROM plain WHERE rowid = 1
