SELECT body FROM notes WHERE id = 1 WINDOW w AS ()
