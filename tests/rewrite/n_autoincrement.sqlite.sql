INSERT INTO counted VALUES (1, 'x')
