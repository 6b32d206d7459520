SELECT Count( * ) /* all */ FROM plain p LIMIT 5
