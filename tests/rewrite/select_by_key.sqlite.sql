SELECT body, ID FROM notes WHERE id = ?
