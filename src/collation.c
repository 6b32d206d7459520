/* SPDX-License-Identifier: Apache-2.0 */
/* Collations of the application's. */
#include "function.h"

#include <stdlib.h>
#include <strings.h>

struct collation {
    hdb_compare_callback compare;
    void *user_data;
    hdb_destroy_callback destroy;
};

static int call_compare(void *context, int first_size, const void *first, int second_size, const void *second) {
    const struct collation *collation = context;
    return collation->compare(collation->user_data, first_size, first, second_size, second);
}

static void destroy_collation(void *context) {
    struct collation *collation = context;
    if (collation->destroy)
        collation->destroy(collation->user_data);
    free(collation);
}

static bool is_built_in(const char *name) {
    return strcasecmp(name, "BINARY") == 0 || strcasecmp(name, "NOCASE") == 0 || strcasecmp(name, "RTRIM") == 0;
}

int hdb_create_collation(hdb_conn *conn, const char *name, hdb_compare_callback compare, void *user_data,
                         hdb_destroy_callback destroy) {
    struct collation *collation = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return hdb_not_registered(rc, destroy, user_data);
    if (name && compare)
        collation = malloc(sizeof *collation);
    if (!collation)
        hdb_not_registered(HDB_OK, destroy, user_data);
    if (!name)
        return hdb_registered(conn, SQLITE_MISUSE);
    if (compare && !collation)
        return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
    if (collation)
        *collation = (struct collation){compare, user_data, destroy};
    /* One that was there is kept by SQLite until its statements are gone. */
    rc = sqlite3_create_collation_v2(conn->replica->db, name, SQLITE_UTF8, collation, collation ? call_compare : NULL,
                                     collation ? destroy_collation : NULL);
    if (rc != SQLITE_OK && collation)
        destroy_collation(collation); /* here, unlike for functions, SQLite does not */
    if (rc == SQLITE_OK && is_built_in(name))
        conn->replica->hooks.overrides = true;
    if (rc == SQLITE_OK && collation && (rc = hdb_registered_anew(conn)) != HDB_OK) {
        sqlite3_create_collation_v2(conn->replica->db, name, SQLITE_UTF8, NULL, NULL, NULL);
        return hdb_conn_leave(conn, rc);
    }
    return hdb_registered(conn, rc);
}

static void call_needed(void *context, sqlite3 *db, int encoding, const char *name) {
    hdb_conn *conn = context;
    (void)db, (void)encoding;
    conn->collation_needed(conn->collation_needed_data, conn, name);
}

int hdb_collation_needed(hdb_conn *conn, hdb_collation_needed_callback callback, void *user_data) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    conn->collation_needed = callback;
    conn->collation_needed_data = user_data;
    conn->replica->hooks.collation_needed = callback ? call_needed : NULL;
    conn->replica->hooks.collation_needed_context = conn;
    return hdb_registered(conn, sqlite3_collation_needed(conn->replica->db, conn, callback ? call_needed : NULL));
}
