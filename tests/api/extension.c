/* SPDX-License-Identifier: Apache-2.0 */
/* An extension of SQLite as there are many: a function of its own, one in the place of SQLite's, and a hook. */
#include <sqlite3ext.h>
#include <stddef.h>

SQLITE_EXTENSION_INIT1

static void answer(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count, (void)arguments;
    sqlite3_result_int(context, 42);
}

static int allow(void *context, int action, const char *first, const char *second, const char *database, const char *trigger) {
    (void)context, (void)action, (void)first, (void)second, (void)database, (void)trigger;
    return SQLITE_DENY;
}

int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
    (void)message;
    SQLITE_EXTENSION_INIT2(api);
    sqlite3_set_authorizer(db, allow, NULL);
    sqlite3_create_function_v2(db, "lower", 1, SQLITE_UTF8, NULL, answer, NULL, NULL, NULL);
    return sqlite3_create_function_v2(db, "answer", 0, SQLITE_UTF8, NULL, answer, NULL, NULL, NULL);
}
