/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/own_statement.h"

#include <limits.h>
#include <stddef.h>

/* Those that compiling a statement can run into. */
static const int limits[] = {
    SQLITE_LIMIT_SQL_LENGTH, SQLITE_LIMIT_COLUMN,       SQLITE_LIMIT_EXPR_DEPTH,      SQLITE_LIMIT_COMPOUND_SELECT,
    SQLITE_LIMIT_VDBE_OP,    SQLITE_LIMIT_FUNCTION_ARG, SQLITE_LIMIT_VARIABLE_NUMBER,
};
enum { LIMITS = sizeof limits / sizeof *limits };

int hdb_own_statement(sqlite3 *db, const char *sql, unsigned flags, sqlite3_stmt **out) {
    int before[LIMITS];
    for (int i = 0; i < LIMITS; i++)
        before[i] = sqlite3_limit(db, limits[i], INT_MAX); /* SQLite makes it the largest that it was built for */
    int rc = sqlite3_prepare_v3(db, sql, -1, flags, out, NULL);
    for (int i = 0; i < LIMITS; i++)
        sqlite3_limit(db, limits[i], before[i]);
    return rc;
}
