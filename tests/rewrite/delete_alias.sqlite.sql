delete from main.notes as n where n.id = $key
