/* SPDX-License-Identifier: Apache-2.0 */
/* The application's hooks. SQLite calls the functions here, which tell what happens in a window of the application's:
 * see replica/hooks.h. */
#include "hook.h"

#include "statement.h"
#include "store.h"

#include <string.h>

static const hdb_hook *hook_of(const hdb_conn *conn, enum hdb_hook_kind kind) {
    return &conn->hooks[kind];
}

static int on_authorize(void *context, int action, const char *first, const char *second, const char *database,
                        const char *trigger) {
    const hdb_hook *hook = hook_of(context, HDB_HOOK_AUTHORIZER);
    return hook->call.authorize(hook->user_data, action, first, second, database, trigger);
}

static hdb_stmt *statement_of(hdb_conn *conn, const sqlite3_stmt *statement) {
    for (hdb_stmt *stmt = conn->first; stmt; stmt = stmt->next)
        if (stmt->replica == statement)
            return stmt;
    return NULL;
}

static int on_trace(unsigned event, void *context, void *first, void *second) {
    hdb_conn *conn = context;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_TRACE);
    const char *sql = event == SQLITE_TRACE_STMT ? second : NULL;
    hdb_stmt *stmt = event == SQLITE_TRACE_CLOSE ? NULL : statement_of(conn, first);
    int64_t nanoseconds = event == SQLITE_TRACE_PROFILE ? *(const sqlite3_int64 *)second : 0;
    if (event != SQLITE_TRACE_CLOSE && !hdb_hooks_in_window(&conn->replica->hooks))
        return 0;
    /* A PRAGMA that the library answers runs as another statement. */
    if (sql && stmt && stmt->inspection.pragma && strncmp(sql, "--", 2) != 0)
        sql = stmt->sql;
    return hook->call.trace(hook->user_data, (int)event, stmt, sql, nanoseconds);
}

void hdb_hooks_trace_statement(hdb_stmt *stmt) {
    const hdb_conn *conn = stmt->conn;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_TRACE);
    if (hook->call.trace && hook->number & HDB_TRACE_STMT)
        hook->call.trace(hook->user_data, HDB_TRACE_STMT, stmt, stmt->sql, 0);
}

static int ask_commit(void *context) {
    const hdb_hook *hook = hook_of(context, HDB_HOOK_COMMIT);
    return hook->call.commit(hook->user_data);
}

/* SQLite commits. Where that needs a push before, the hook has been asked already. */
static int on_commit(void *context) {
    const hdb_conn *conn = context;
    const hdb_hooks *hooks = &conn->replica->hooks;
    if (hooks->answer != HDB_COMMIT_NOT_ASKED)
        return hooks->answer == HDB_COMMIT_REFUSED;
    return hdb_hooks_in_window(hooks) ? ask_commit(context) : 0;
}

static void on_rollback(void *context) {
    const hdb_conn *conn = context;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_ROLLBACK);
    if (hdb_hooks_in_window(&conn->replica->hooks) || conn->replica->hooks.announces)
        hook->call.rollback(hook->user_data);
}

/* SQLite itself empties the table at one stroke and tells nothing. */
static bool is_emptied(const hdb_hooks *hooks, const char *database, const char *table) {
    size_t before = strlen(database), size = strlen(table);
    for (const char *line = hooks->emptied, *end; line && *line; line = end ? end + 1 : NULL) {
        if (strncmp(line, database, before) == 0 && line[before] == '.' && strncmp(line + before + 1, table, size) == 0 &&
            line[before + 1 + size] == '\n')
            return true;
        end = strchr(line, '\n');
    }
    return false;
}

static void on_update(void *context, int operation, char const *database, char const *table, sqlite3_int64 rowid) {
    const hdb_conn *conn = context;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_UPDATE);
    const hdb_hooks *hooks = &conn->replica->hooks;
    if (hdb_hooks_in_window(hooks) && !(operation == SQLITE_DELETE && is_emptied(hooks, database, table)))
        hook->call.update(hook->user_data, operation, database, table, rowid);
}

/* Bringing rows to a statement is part of running it, and may be stopped as well; the COMMIT after a push may not. */
static int on_progress(void *context) {
    const hdb_conn *conn = context;
    const hdb_hooks *hooks = &conn->replica->hooks;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_PROGRESS);
    if (hooks->committing || !(hdb_hooks_in_window(hooks) || hooks->loading))
        return 0;
    return hook->call.progress(hook->user_data);
}

static int on_busy(void *context, int count) {
    const hdb_hook *hook = hook_of(context, HDB_HOOK_BUSY);
    return hook->call.busy(hook->user_data, count);
}

static void install(hdb_conn *conn, enum hdb_hook_kind kind, bool set) {
    sqlite3 *db = conn->replica->db;
    hdb_hooks *hooks = &conn->replica->hooks;
    hooks->context = conn;
    switch (kind) {
    case HDB_HOOK_AUTHORIZER:
        hooks->authorize = set ? on_authorize : NULL;
        if (set) /* statements compiled before are compiled again, and asked about */
            hdb_replica_install(conn->replica);
        break;
    case HDB_HOOK_TRACE:
        sqlite3_trace_v2(db, set ? (unsigned)conn->hooks[kind].number : 0, set ? on_trace : NULL, conn);
        break;
    case HDB_HOOK_COMMIT:
        hooks->allow_commit = set ? ask_commit : NULL;
        sqlite3_commit_hook(db, set ? on_commit : NULL, conn);
        break;
    case HDB_HOOK_ROLLBACK:
        sqlite3_rollback_hook(db, set ? on_rollback : NULL, conn);
        break;
    case HDB_HOOK_UPDATE:
        hooks->updates = set;
        sqlite3_update_hook(db, set ? on_update : NULL, conn);
        break;
    case HDB_HOOK_PROGRESS:
        sqlite3_progress_handler(db, conn->hooks[kind].number, set ? on_progress : NULL, conn);
        break;
    case HDB_HOOK_BUSY:
        if (set)
            sqlite3_busy_handler(db, on_busy, conn);
        else
            sqlite3_busy_timeout(db, conn->settings.timeout_ms);
        if (conn->daemon)
            hdb_daemon_store_set_busy(conn->daemon, set ? on_busy : NULL, conn);
        break;
    case HDB_HOOK_WAIT:
    case HDB_HOOK_COUNT:
        break;
    }
}

static bool is_watcher(enum hdb_hook_kind kind) {
    return kind == HDB_HOOK_AUTHORIZER || kind == HDB_HOOK_TRACE || kind == HDB_HOOK_COMMIT || kind == HDB_HOOK_UPDATE;
}

/* Any of the pointers tells whether one is set: they share their place. */
static bool is_set(const hdb_hook *hook) {
    return hook->call.authorize != NULL;
}

static void replace(hdb_conn *conn, enum hdb_hook_kind kind, const hdb_hook *given) {
    hdb_hook before = conn->hooks[kind];
    conn->hooks[kind] = *given;
    if (is_watcher(kind))
        conn->replica->hooks.watchers += is_set(given) - is_set(&before);
    install(conn, kind, is_set(given));
    if (before.destroy)
        before.destroy(before.user_data);
}

static int set(hdb_conn *conn, enum hdb_hook_kind kind, const hdb_hook *given) {
    int rc = conn ? hdb_conn_enter(conn) : HDB_MISUSE;
    if (rc != HDB_OK) {
        if (given->destroy)
            given->destroy(given->user_data);
        return rc;
    }
    replace(conn, kind, given);
    return hdb_conn_leave(conn, HDB_OK);
}

void hdb_hook_forget(hdb_conn *conn, enum hdb_hook_kind kind) {
    const hdb_hook none = {.call.authorize = NULL};
    if (is_set(&conn->hooks[kind]))
        replace(conn, kind, &none);
}

void hdb_hooks_destroy(hdb_conn *conn) {
    for (int kind = 0; kind < HDB_HOOK_COUNT; kind++)
        if (conn->hooks[kind].destroy)
            conn->hooks[kind].destroy(conn->hooks[kind].user_data);
    memset(conn->hooks, 0, sizeof conn->hooks);
}

void hdb_hooks_install(hdb_conn *conn) {
    hdb_replica_install(conn->replica);
    for (int kind = 0; kind < HDB_HOOK_COUNT; kind++)
        install(conn, (enum hdb_hook_kind)kind, is_set(&conn->hooks[kind]));
}

int hdb_set_authorizer(hdb_conn *conn, hdb_authorizer_callback callback, void *user_data,
                       hdb_destroy_callback destroy) {
    const hdb_hook given = {.call.authorize = callback, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_AUTHORIZER, &given);
}

int hdb_trace(hdb_conn *conn, int events, hdb_trace_callback callback, void *user_data, hdb_destroy_callback destroy) {
    const hdb_hook given = {
        .call.trace = events ? callback : NULL, .number = events, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_TRACE, &given);
}

int hdb_commit_hook(hdb_conn *conn, hdb_commit_callback callback, void *user_data, hdb_destroy_callback destroy) {
    const hdb_hook given = {.call.commit = callback, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_COMMIT, &given);
}

int hdb_rollback_hook(hdb_conn *conn, hdb_rollback_callback callback, void *user_data, hdb_destroy_callback destroy) {
    const hdb_hook given = {.call.rollback = callback, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_ROLLBACK, &given);
}

int hdb_update_hook(hdb_conn *conn, hdb_update_callback callback, void *user_data, hdb_destroy_callback destroy) {
    const hdb_hook given = {.call.update = callback, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_UPDATE, &given);
}

int hdb_busy_handler(hdb_conn *conn, hdb_busy_callback callback, void *user_data, hdb_destroy_callback destroy) {
    const hdb_hook given = {.call.busy = callback, .user_data = user_data, .destroy = destroy};
    return set(conn, HDB_HOOK_BUSY, &given);
}

void hdb_hooks_look(void *context) {
    hdb_conn *conn = context;
    const hdb_hook *hook = hook_of(conn, HDB_HOOK_WAIT);
    if (hook->call.wait && !conn->replica->hooks.committing && hook->call.wait(hook->user_data))
        conn->interrupted = 1;
}

int hdb_wait_handler(hdb_conn *conn, hdb_progress_callback callback, void *context) {
    const hdb_hook given = {.call.wait = callback, .user_data = context};
    return set(conn, HDB_HOOK_WAIT, &given);
}

int hdb_progress_handler(hdb_conn *conn, int operations, hdb_progress_callback callback, void *context) {
    const hdb_hook given = {.call.progress = operations > 0 ? callback : NULL, .number = operations, .user_data = context};
    return set(conn, HDB_HOOK_PROGRESS, &given);
}
