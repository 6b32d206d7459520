UPDATE counted SET a = ? WHERE 5 = id
