DELETE FROM counted WHERE rowid = ?
