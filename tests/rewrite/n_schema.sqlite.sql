DELETE FROM temp.notes WHERE id = 1
