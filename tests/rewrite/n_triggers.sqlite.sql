DELETE FROM triggered WHERE id = 1
