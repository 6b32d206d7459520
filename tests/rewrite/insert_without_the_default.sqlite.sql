INSERT INTO defaults (id, a, b) VALUES (?, ?, ?)
