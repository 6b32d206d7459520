UPDATE "Notes" SET "key" = 'k', [done] = FALSE WHERE id = 1
