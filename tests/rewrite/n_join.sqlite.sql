SELECT body FROM notes JOIN plain ON a = id WHERE id = 1
