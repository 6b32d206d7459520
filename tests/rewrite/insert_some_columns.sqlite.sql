INSERT INTO notes (Body, rowid, score) VALUES (:body, :id, :body)
