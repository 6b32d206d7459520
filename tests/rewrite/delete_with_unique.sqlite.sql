DELETE FROM uniq WHERE id = ?
