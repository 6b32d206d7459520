/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks, set and called. */
#include "sweep.h"

static int destroyed;

static void count_destroyed(void *user_data) {
    (void)user_data;
    destroyed++;
}

static int allow(void *user_data, int action, const char *first, const char *second, const char *database,
                 const char *trigger) {
    (void)user_data, (void)action, (void)first, (void)second, (void)database, (void)trigger;
    return HDB_ALLOW;
}

static int see_event(void *user_data, int event, hdb_stmt *stmt, const char *sql, int64_t nanoseconds) {
    (void)user_data, (void)event, (void)stmt, (void)sql, (void)nanoseconds;
    return 0;
}

static int see_commit(void *user_data) {
    (void)user_data;
    return 0;
}

static void see_rollback(void *user_data) {
    (void)user_data;
}

static void see_update(void *user_data, int operation, const char *database, const char *table, int64_t rowid) {
    (void)operation, (void)database, (void)table, (void)rowid;
    ++*(int *)user_data;
}

static int see_busy(void *user_data, int count) {
    (void)user_data, (void)count;
    return 0;
}

static int set_hooks(void) {
    TRY(SWEPT(hdb_set_authorizer)(it.conn, allow, &destroyed, count_destroyed));
    TRY(SWEPT(hdb_trace)(it.conn, HDB_TRACE_STMT | HDB_TRACE_PROFILE | HDB_TRACE_ROW, see_event, &destroyed, count_destroyed));
    TRY(SWEPT(hdb_commit_hook)(it.conn, see_commit, &destroyed, count_destroyed));
    TRY(SWEPT(hdb_rollback_hook)(it.conn, see_rollback, &destroyed, count_destroyed));
    TRY(SWEPT(hdb_update_hook)(it.conn, see_update, &destroyed, count_destroyed));
    return SWEPT(hdb_busy_handler)(it.conn, see_busy, &destroyed, count_destroyed);
}

static int call_set(void) {
    destroyed = 0;
    const int rc = set_hooks();
    RIGHT(destroyed == (rc != HDB_OK));
    return rc;
}

static int updates;

static void prepare_hooks(void) {
    sweep_must(set_hooks(), "hooks");
    sweep_must(hdb_update_hook(it.conn, see_update, &updates, NULL), "update hook");
    updates = 0;
}

static int call_hooked(void) {
    updates = 0;
    const int rc = SWEPT(hdb_exec)(it.conn, "INSERT INTO t(a) VALUES ('three'); BEGIN; DELETE FROM t WHERE id = 1; ROLLBACK", -1);
    RIGHT(rc == HDB_OK || rc == HDB_NOMEM); /* not that there is nothing to roll back */
    RIGHT(rc != HDB_OK || updates == 2);
    return rc;
}

const sweep_case hook_cases[] = {
    {"set hooks", NULL, call_set},
    {"hooks called", prepare_hooks, call_hooked},
    {NULL, NULL, NULL},
};
