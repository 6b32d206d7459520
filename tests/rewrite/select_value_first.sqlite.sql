SELECT body FROM main.notes WHERE ?2 = id LIMIT 1
