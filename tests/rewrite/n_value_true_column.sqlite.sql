UPDATE truth SET "true" = TRUE WHERE id = 1
