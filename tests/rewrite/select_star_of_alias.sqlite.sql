select n.*, N.body as "The Body", _rowid_ as 'r' from notes as n where n.oid == 12;
