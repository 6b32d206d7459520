SELECT body FROM notes
