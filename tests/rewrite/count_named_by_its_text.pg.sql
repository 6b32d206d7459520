SELECT count(*) FROM "plain"
-- count of all rows
-- column -1: Count( * ) /* all */
