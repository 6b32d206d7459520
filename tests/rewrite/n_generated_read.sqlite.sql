SELECT * FROM made WHERE id = 1
