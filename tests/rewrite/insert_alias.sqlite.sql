INSERT INTO main.notes AS n (id, body) VALUES (?2, ?1);
