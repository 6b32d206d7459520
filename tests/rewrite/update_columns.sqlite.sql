UPDATE notes SET body = ?, score = :s, price = ?, day = NULL WHERE id = ?
