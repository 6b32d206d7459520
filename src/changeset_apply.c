/* SPDX-License-Identifier: Apache-2.0 */
/* Changesets that come from somewhere: applied, inverted, joined by SQLite's own functions. Applying is a write like
 * any other: captured, and pushed when it commits. */
#include "session.h"

#include "scan_lane.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct hdb_change {
    sqlite3_changeset_iter *iterator;
    int conflict;
};

struct applying {
    hdb_table_filter_callback filter;
    hdb_conflict_callback conflict;
    void *user_data;
};

static int on_table(void *context, const char *table) {
    const struct applying *applying = context;
    return applying->filter(applying->user_data, table);
}

static int on_conflict(void *context, int conflict, sqlite3_changeset_iter *iterator) {
    const struct applying *applying = context;
    hdb_change change = {iterator, conflict};
    return applying->conflict ? applying->conflict(applying->user_data, conflict, &change) : HDB_RESOLUTION_ABORT;
}

/* SQLite tells the codes of its own checks without a message. */
static int refuse(hdb_conn *conn, int rc) {
    int primary = rc & 0xff;
    if (primary == HDB_ABORT || primary == HDB_MISUSE || primary == HDB_CORRUPT || primary == HDB_NOMEM)
        return hdb_error_set(&conn->error, rc, NULL, "%s",
                             primary == HDB_CORRUPT ? "the changeset is malformed" : sqlite3_errstr(rc));
    return hdb_replica_error(conn->replica, &conn->error);
}

int hdb_changeset_apply(hdb_conn *conn, const void *data, int64_t size, hdb_table_filter_callback filter,
                        hdb_conflict_callback conflict, void *user_data) {
    struct applying applying = {filter, conflict, user_data};
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (size < 0 || size > INT_MAX || (!data && size > 0))
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "bad parameter or other API misuse"));
    hdb_replica *replica = conn->replica;
    rc = hdb_scan_settle_all(conn, true);
    if (rc == HDB_OK)
        rc = hdb_replica_begin_access(replica, "main", NULL, true, &conn->error);
    if (rc != HDB_OK)
        return hdb_conn_leave(conn, rc);
    int64_t total = sqlite3_total_changes64(replica->db), last = sqlite3_changes64(replica->db);
    int outer = hdb_hooks_open_window(&replica->hooks);
    rc = sqlite3changeset_apply(replica->db, (int)size, (void *)data, filter ? on_table : NULL, on_conflict, &applying);
    replica->hooks.window = outer;
    if (sqlite3_total_changes64(replica->db) != total || sqlite3_changes64(replica->db) != last)
        replica->changes = HDB_CHANGES_OF_SQLITE;
    if (rc != SQLITE_OK) {
        rc = refuse(conn, rc);
        hdb_replica_end_access(replica, true, false, &ignored);
        hdb_error_clear(&ignored);
    } else {
        rc = hdb_replica_end_access(replica, true, true, &conn->error);
    }
    return hdb_conn_leave(conn, rc);
}

/* Memory of SQLite's becomes memory for hdb_free(). */
static int hand_over(int rc, void *made, int size, void **out, int64_t *out_size) {
    *out = NULL;
    *out_size = 0;
    if (rc == SQLITE_OK && size > 0) {
        *out = malloc((size_t)size);
        if (*out) {
            memcpy(*out, made, (size_t)size);
            *out_size = size;
        } else {
            rc = SQLITE_NOMEM;
        }
    }
    sqlite3_free(made);
    return rc & 0xff;
}

static bool is_size(const void *data, int64_t size) {
    return size >= 0 && size <= INT_MAX && (data || size == 0);
}

int hdb_changeset_invert(const void *data, int64_t size, void **out, int64_t *out_size) {
    void *made = NULL;
    int made_size = 0;
    if (!out || !out_size || !is_size(data, size))
        return HDB_MISUSE;
    int rc = sqlite3changeset_invert((int)size, data, &made_size, &made);
    return hand_over(rc, made, made_size, out, out_size);
}

int hdb_changeset_concat(const void *first, int64_t first_size, const void *second, int64_t second_size, void **out,
                         int64_t *out_size) {
    void *made = NULL;
    int made_size = 0;
    if (!out || !out_size || !is_size(first, first_size) || !is_size(second, second_size))
        return HDB_MISUSE;
    int rc = sqlite3changeset_concat((int)first_size, (void *)first, (int)second_size, (void *)second, &made_size,
                                     &made);
    return hand_over(rc, made, made_size, out, out_size);
}

/* --- the change in a conflict */

struct description {
    const char *table;
    int columns, operation, indirect;
};

static struct description describe(const hdb_change *change) {
    struct description description = {NULL, 0, 0, 0};
    /* With violated foreign keys there is no single change. */
    if (change && change->conflict != SQLITE_CHANGESET_FOREIGN_KEY)
        sqlite3changeset_op(change->iterator, &description.table, &description.columns, &description.operation,
                            &description.indirect);
    return description;
}

const char *hdb_change_table(hdb_change *change) {
    return describe(change).table;
}

int hdb_change_operation(hdb_change *change) {
    return describe(change).operation;
}

int hdb_change_indirect(hdb_change *change) {
    return describe(change).indirect;
}

int hdb_change_columns(hdb_change *change) {
    return describe(change).columns;
}

int hdb_change_is_key(hdb_change *change, int column) {
    unsigned char *keys = NULL;
    int count = 0;
    struct description description = describe(change);
    if (!description.table || column < 0 || column >= description.columns)
        return 0;
    sqlite3changeset_pk(change->iterator, &keys, &count);
    return keys && column < count && keys[column] != 0;
}

typedef int (*read_value)(sqlite3_changeset_iter *iterator, int column, sqlite3_value **out);

static hdb_datum *value_of(hdb_change *change, int column, read_value read) {
    sqlite3_value *value = NULL;
    struct description description = describe(change);
    if (!description.table || column < 0 || column >= description.columns || read(change->iterator, column,
                                                                                  &value) != SQLITE_OK)
        return NULL;
    return (hdb_datum *)value;
}

hdb_datum *hdb_change_old(hdb_change *change, int column) {
    return describe(change).operation == SQLITE_INSERT ? NULL : value_of(change, column, sqlite3changeset_old);
}

hdb_datum *hdb_change_new(hdb_change *change, int column) {
    return describe(change).operation == SQLITE_DELETE ? NULL : value_of(change, column, sqlite3changeset_new);
}

hdb_datum *hdb_change_conflict(hdb_change *change, int column) {
    if (!change || (change->conflict != SQLITE_CHANGESET_DATA && change->conflict != SQLITE_CHANGESET_CONFLICT))
        return NULL;
    return value_of(change, column, sqlite3changeset_conflict);
}

int hdb_change_violations(hdb_change *change) {
    int count = 0;
    if (change && change->conflict == SQLITE_CHANGESET_FOREIGN_KEY)
        sqlite3changeset_fk_conflicts(change->iterator, &count);
    return count;
}
