INSERT INTO Notes(id, body, data, price, anything, done, day, key) VALUES (-5, 'it''s', x'00Ff', NULL, 7, TRUE, '2024-01-31', '')
