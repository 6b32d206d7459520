/* SPDX-License-Identifier: Apache-2.0 */
#include "record/server_internal.h"

#include "record/apply.h"
#include "record/entry.h"
#include "record/foreign_rows.h"
#include "record/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Entries kept after they were applied, so that a client that lost its link can still find its own. */
enum { KEPT_ENTRIES = 64, KEPT_SIZE = 16 * 1024 };
/* What is kept for replicas on other hosts. A host that is behind more than that makes its replica anew. */
enum { SHARED_ENTRIES = 1024, SHARED_SIZE = 16 << 20 };

const char hdb_server_count_sql[] = "UPDATE \"_hdb_meta\" SET value = value + 1 WHERE key = $1";

int hdb_server_count(hdb_server *server, const char *key, hdb_error *error) {
    hdb_value param = hdb_value_text(key, strlen(key));
    return hdb_link_query(server->link, hdb_server_count_sql, &param, 1, HDB_ROWS_NATIVE, NULL, error);
}

static int trim_log(hdb_server *server, int64_t id, size_t size, hdb_error *error) {
    int64_t kept = server->keeps_log ? SHARED_ENTRIES : KEPT_ENTRIES;
    int rc = HDB_OK;
    if (size > (size_t)(server->keeps_log ? SHARED_SIZE : KEPT_SIZE))
        rc = hdb_log_blank(server->link, id, error);
    if (rc == HDB_OK && id > kept)
        rc = hdb_log_cancel(server->link, id - kept, error);
    return rc;
}

/* Notes that the tables hold an entry, which the log need not keep then. */
static int note_applied(hdb_server *server, int64_t id, size_t size, hdb_error *error) {
    int rc = hdb_meta_set(server->link, "applied", id, error);
    if (rc == HDB_OK)
        rc = trim_log(server, id, size, error);
    if (rc == HDB_OK)
        server->applied = id;
    return rc;
}

int hdb_server_apply_logged(hdb_server *server, int64_t id, const char *data, size_t size, hdb_error *error) {
    int rc = hdb_apply_entry(server->link, data, size, HDB_APPLY_ON_SERVER, error);
    if (rc == HDB_OK && hdb_entry_has_schema(data, size))
        rc = hdb_server_count(server, "schema_version", error);
    return rc == HDB_OK ? note_applied(server, id, size, error) : rc;
}

struct pending {
    int64_t id;
    char *data;
    size_t size;
};

/* Keeps the first entry that is not applied: applying goes over the same link. */
static int keep_first(void *context, int64_t id, const char *data, size_t size) {
    struct pending *pending = context;
    pending->data = malloc(size + 1);
    if (!pending->data)
        return HDB_NOMEM;
    memcpy(pending->data, data, size);
    pending->id = id;
    pending->size = size;
    return HDB_DONE;
}

int hdb_server_roll_forward(hdb_server *server, int64_t newest, hdb_error *error) {
    int rc = HDB_OK;
    while (rc == HDB_OK && server->applied < newest) {
        struct pending pending = {0, NULL, 0};
        rc = hdb_log_read(server->link, server->applied + 1, keep_first, &pending, error);
        if (rc == HDB_DONE)
            rc = HDB_OK;
        if (rc == HDB_OK && !pending.data)
            break;
        if (rc == HDB_OK)
            rc = hdb_server_apply_logged(server, pending.id, pending.data, pending.size, error);
        free(pending.data);
    }
    return rc;
}

int64_t hdb_server_new_token(void) {
    int64_t token = 0;
    while (token <= 0)
        if (getrandom(&token, sizeof token, 0) != sizeof token || token < 0)
            token = (int64_t)((uint64_t)(token ? token : time(NULL)) >> 1);
    return token;
}

/* Rows of other clients' tables and the entry, as one transaction of HeliosDB: the entry tells whether it was kept. Its
 * statements change rows without reading them, and no row twice (docs/decisions/0005-heliosdb-transactions.md). */
static int push_with_foreign(hdb_server *server, int64_t id, int64_t token, const hdb_server_writes *writes, hdb_error *error) {
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_server_script(server, "BEGIN ISOLATION LEVEL REPEATABLE READ", error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_foreign_write(server->link, writes->tables, writes->foreign, writes->foreign_size, error);
    if (rc == HDB_OK)
        rc = hdb_log_push(server->link, id, token, writes->data ? writes->data : "", writes->size, error);
    if (rc == HDB_OK)
        rc = hdb_server_script(server, "COMMIT", error);
    else if (hdb_link_is_alive(server->link))
        hdb_server_script(server, "ROLLBACK", &ignored);
    hdb_error_clear(&ignored);
    return rc;
}

static int push_entry(hdb_server *server, const hdb_server_writes *writes, hdb_error *error) {
    const char *data = writes->data;
    size_t size = writes->size;
    int64_t id = server->applied + 1, token = server->token = hdb_server_new_token();
    hdb_server_end_snapshot(server, "COMMIT");
    int rc = hdb_server_count(server, "commits", error);
    if (rc != HDB_OK)
        return rc;
    /* One row is one statement, atomic by itself; inside a transaction it would cost a scan of the table. */
    if (size == 0 && hdb_foreign_count(writes->foreign, writes->foreign_size) == 1) {
        rc = hdb_foreign_write(server->link, writes->tables, writes->foreign, writes->foreign_size, error);
        return rc != HDB_OK && !hdb_link_is_alive(server->link) ? hdb_server_lost_in_commit(error) : rc;
    }
    rc = writes->foreign_size ? push_with_foreign(server, id, token, writes, error)
                              : hdb_log_push(server->link, id, token, data, size, error);
    if (rc != HDB_OK && !hdb_link_is_alive(server->link))
        return hdb_server_fate_of_entry(server, id, token, writes->foreign_size == 0 && size <= HDB_LOG_PART_SIZE, error);
    if (rc == HDB_OK) {
        /* It is kept from here on. If applying it fails, whoever comes next does it. */
        hdb_error later = HDB_ERROR_INIT;
        hdb_server_apply_logged(server, id, data, size, &later);
        hdb_error_clear(&later);
    }
    return rc;
}

/* Another client has put in a row with the key of a new one of ours, which our snapshot did not show. */
static bool took_our_key(const hdb_error *error) {
    return strcmp(error->sqlstate, "23505") == 0 && strstr(hdb_error_message(error), "_pkey\"");
}

static bool is_state(const hdb_error *error, const char *state) {
    return strcmp(error->sqlstate, state) == 0;
}

int hdb_server_judge(int rc, hdb_error *error) {
    if (rc == HDB_OK || error->code == BUSY_SNAPSHOT)
        return rc;
    /* 25P02 comes after one of the others. */
    if (is_state(error, "40001") || is_state(error, "40P01") || is_state(error, "25P02"))
        return hdb_error_set(error, BUSY_SNAPSHOT, "40001", "database is locked");
    return is_state(error, "55P03") ? hdb_error_set(error, HDB_BUSY, "55P03", "database is locked") : rc;
}

/* SQLite has found that the constraints hold on what our snapshot shows: others have changed it. */
static int apply_inside(hdb_server *server, const char *data, size_t size, hdb_error *error) {
    int rc = hdb_apply_entry(server->link, data, size, HDB_APPLY_ON_SERVER, error);
    if (rc != HDB_OK && server->many_writers && strncmp(error->sqlstate, "23", 2) == 0)
        rc = hdb_error_set(error, BUSY_SNAPSHOT, "40001", "database is locked");
    return rc;
}

/* The entry goes to the log as part of the transaction that also changes the tables. */
static int log_inside(hdb_server *server, const char *data, size_t size, hdb_error *error) {
    int64_t id = server->applied + 1;
    server->token = hdb_server_new_token();
    int rc = hdb_log_push(server->link, id, server->token, data, size, error);
    return rc == HDB_OK ? note_applied(server, id, size, error) : rc;
}

static int push_transaction(hdb_server *server, const hdb_server_writes *writes, hdb_error *error) {
    const char *data = writes->data;
    size_t size = writes->size;
    hdb_server_transaction own = {0};
    int rc = hdb_server_snapshot(server, error);
    /* Many writers do not count: each would have to wait for the other's COMMIT. */
    bool counts = !server->many_writers || hdb_entry_has_schema(data, size);
    if (rc == HDB_OK)
        rc = hdb_server_name_transaction(server, counts, &own, error);
    if (rc == HDB_OK)
        rc = apply_inside(server, data, size, error);
    if (rc == HDB_OK)
        rc = hdb_foreign_write(server->link, writes->tables, writes->foreign, writes->foreign_size, error);
    if (rc != HDB_OK && took_our_key(error))
        rc = hdb_error_set(error, BUSY_SNAPSHOT, "40001", "database is locked");
    if (rc == HDB_OK && hdb_entry_has_schema(data, size))
        rc = hdb_server_count(server, "schema_version", error);
    if (rc == HDB_OK && server->keeps_log && size > 0)
        rc = log_inside(server, data, size, error);
    if (rc != HDB_OK) {
        hdb_server_end_snapshot(server, "ROLLBACK");
        return rc == HDB_IOERR && !hdb_link_is_alive(server->link) ? hdb_server_lost(error) : hdb_server_judge(rc, error);
    }
    rc = hdb_server_script(server, "COMMIT", error);
    server->in_snapshot = false;
    if (rc != HDB_OK && !hdb_link_is_alive(server->link))
        return hdb_server_fate_of_transaction(server, &own, error);
    return hdb_server_judge(rc, error);
}

int hdb_server_push(hdb_server *server, const hdb_server_writes *writes, hdb_error *error) {
    int rc = hdb_server_peer(server) == HDB_PEER_HELIOSDB ? push_entry(server, writes, error)
                                                          : push_transaction(server, writes, error);
    if (rc == HDB_OK)
        server->commits += hdb_server_peer(server) == HDB_PEER_HELIOSDB && writes->size ? 2 : 1;
    if (rc == HDB_OK && hdb_entry_has_schema(writes->data, writes->size)) {
        hdb_error ignored = HDB_ERROR_INIT;
        server->schema_version++;
        hdb_link_forget_statements(server->link, &ignored);
        hdb_error_clear(&ignored);
    }
    return rc;
}
