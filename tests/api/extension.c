/* SPDX-License-Identifier: Apache-2.0 */
/* An extension of SQLite as there are many: functions of its own, one in the place of SQLite's, and hooks. */
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

/* How many commits to a file in WAL mode it was told of. */
static void commits_seen(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count, (void)arguments;
    sqlite3_result_int(context, *(const int *)sqlite3_user_data(context));
}

static int see_commit(void *context, sqlite3 *db, const char *database, int pages) {
    (void)db, (void)database, (void)pages;
    ++*(int *)context;
    return SQLITE_OK;
}

int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
    static int seen;
    (void)message;
    SQLITE_EXTENSION_INIT2(api);
    sqlite3_set_authorizer(db, allow, NULL);
    sqlite3_wal_hook(db, see_commit, &seen);
    sqlite3_create_function_v2(db, "commits_seen", 0, SQLITE_UTF8, &seen, commits_seen, NULL, NULL, NULL);
    sqlite3_create_function_v2(db, "lower", 1, SQLITE_UTF8, NULL, answer, NULL, NULL, NULL);
    return sqlite3_create_function_v2(db, "answer", 0, SQLITE_UTF8, NULL, answer, NULL, NULL, NULL);
}
