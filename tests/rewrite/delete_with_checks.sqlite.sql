DELETE FROM checked WHERE id = 4
