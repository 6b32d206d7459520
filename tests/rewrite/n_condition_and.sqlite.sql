SELECT body FROM notes WHERE id = 1 AND score = 2
