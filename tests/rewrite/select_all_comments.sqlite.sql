-- one
;SELECT ALL /* two */ score FROM notes -- three
WHERE id = 1;;
