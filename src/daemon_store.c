/* SPDX-License-Identifier: Apache-2.0 */
/* Daemon mode's store, coherence=strict: others may write to the server, so nothing is kept from one transaction to the
 * next. Rows come to the statement (direct/load.h), its changes go back by key (record/server.h). */
#include "store.h"

#include "direct/load.h"
#include "notice.h"
#include "record/server.h"
#include "replica/foreign.h"
#include "replica/write_set.h"
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct hdb_daemon_store {
    hdb_server *server;
    hdb_replica *replica; /* NULL until attached */
    hdb_loader *loader;
    hdb_sequences sequences;
    hdb_foreign_tables *foreign; /* tables of other clients, as the replica has them */
    bool foreign_due, keys_due;  /* they, and what keys they have, are to be looked at again */
    int64_t schema_version; /* of the replica's schema, -1: none */
    int64_t commits;        /* that the rows loaded belong to */
    bool readonly;          /* the connection only reads */
    bool taken_inside;      /* the schema was taken over inside the open transaction */
    const sqlite3_stmt *ignored; /* is not one that reads */
    int64_t generation;     /* counts changes of the schema, ours and those that came from the server */
};

void hdb_daemon_warn(const hdb_settings *settings, const hdb_server *server) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (settings->notices && hdb_server_is_exposed(server) && !atomic_flag_test_and_set(&said))
        hdb_notice_say("the link to the server is not encrypted: put sslmode=verify-full into the DSN, or sslmode=disable if "
                       "that is meant");
}

int hdb_daemon_store_open(const hdb_settings *settings, hdb_daemon_store **out, hdb_error *error) {
    hdb_daemon_store *store = calloc(1, sizeof *store);
    if (!store)
        return hdb_error_nomem(error);
    store->schema_version = -1;
    int rc = hdb_server_open(settings->dsn, settings->timeout_ms, &store->server, error);
    if (rc == HDB_OK && settings->many_writers)
        rc = hdb_server_allow_writers(store->server, error);
    if (rc == HDB_OK) {
        hdb_daemon_warn(settings, store->server);
        *out = store;
    } else {
        hdb_daemon_store_close(store);
    }
    return rc;
}

/* Whether any statement of the connection is still giving rows: then its snapshot goes on. */
static bool is_reading(const hdb_daemon_store *store) {
    sqlite3 *db = store->replica->db;
    for (sqlite3_stmt *other = sqlite3_next_stmt(db, NULL); other; other = sqlite3_next_stmt(db, other))
        if (other != store->ignored && sqlite3_stmt_busy(other))
            return true;
    return false;
}

/* Takes the server's schema over if it has changed. What a transaction that is open takes over may be rolled back with it:
 * then it is taken again. */
static int follow_schema(hdb_daemon_store *store, hdb_error *error) {
    hdb_link *link = hdb_server_link(store->server);
    hdb_foreign_tables *found = NULL;
    bool changed = store->schema_version != hdb_server_schema_version(store->server);
    int rc = store->foreign_due ? hdb_foreign_read(link, store->keys_due ? NULL : store->foreign, &found, error) : HDB_OK;
    if (rc != HDB_OK)
        return rc;
    changed = changed || (found && !hdb_foreign_same(found, store->foreign));
    if (changed && !hdb_capture_is_empty(store->replica->capture))
        rc = hdb_error_set(error, SQLITE_BUSY_SNAPSHOT, NULL, "database is locked");
    if (changed && rc == HDB_OK)
        rc = hdb_loader_take_schema(store->loader, link, found ? found : store->foreign, error);
    if (rc == HDB_OK)
        store->foreign_due = store->keys_due = false;
    if (changed && rc == HDB_OK) {
        store->schema_version = hdb_server_schema_version(store->server);
        store->taken_inside = !sqlite3_get_autocommit(store->replica->db);
        store->generation++;
    }
    if (found && rc == HDB_OK) {
        hdb_foreign_free(store->foreign);
        store->foreign = found;
    } else {
        hdb_foreign_free(found);
    }
    store->replica->foreign = store->foreign;
    if (changed)
        hdb_replica_forget_schema(store->replica);
    return rc;
}

/* A new snapshot of the server, with the schema as it is there. */
static int take_snapshot(hdb_daemon_store *store, hdb_error *error) {
    hdb_sequences_clear(&store->sequences);
    int rc = hdb_loader_clear(store->loader, error);
    if (rc == HDB_OK)
        rc = hdb_server_snapshot(store->server, error);
    if (rc == HDB_OK)
        store->commits = hdb_server_commits(store->server);
    return rc == HDB_OK ? follow_schema(store, error) : rc;
}

int hdb_daemon_store_refresh(hdb_daemon_store *store, bool foreign, hdb_error *error) {
    if (!hdb_daemon_store_is_idle(store))
        return HDB_OK;
    store->foreign_due = store->foreign_due || foreign;
    hdb_server_end(store->server);
    int rc = take_snapshot(store, error);
    hdb_server_end(store->server);
    return rc;
}

/* BEGIN: the schema has to be the server's before statements are prepared inside. IMMEDIATE takes the lock and keeps the
 * snapshot; else both come with the first statement that needs them. */
static int begin_transaction(hdb_daemon_store *store, bool immediate, bool begins, hdb_error *error) {
    /* SQLite takes the lock before it looks whether a transaction is open. */
    if (!begins || is_reading(store))
        return immediate ? hdb_server_lock(store->server, false, error) : HDB_OK;
    if (!immediate)
        return hdb_daemon_store_refresh(store, false, error);
    hdb_server_end(store->server);
    int rc = hdb_server_lock(store->server, false, error);
    if (rc == HDB_OK)
        rc = take_snapshot(store, error);
    if (rc != HDB_OK)
        hdb_server_end(store->server);
    return rc;
}

int64_t hdb_daemon_store_generation(const hdb_daemon_store *store) {
    return store->generation;
}

static int read_again(hdb_daemon_store *store, hdb_error *error) {
    hdb_error_clear(error);
    hdb_server_end(store->server);
    int rc = hdb_loader_clear(store->loader, error);
    return rc == HDB_OK ? HDB_SCHEMA : rc;
}

/* Looks at the tables of other clients again. HDB_SCHEMA: they have changed. */
static int look_again(hdb_daemon_store *store, hdb_error *error) {
    int64_t generation = store->generation;
    store->foreign_due = store->keys_due = true;
    int rc = follow_schema(store, error);
    return rc == HDB_OK && generation != store->generation ? HDB_SCHEMA : rc;
}

static int check_foreign_reads(hdb_daemon_store *store, const hdb_inspection *statement, hdb_error *error) {
    bool current = true;
    int rc = hdb_loader_check(store->loader, hdb_server_link(store->server), statement, &current, error);
    return rc == HDB_OK && !current ? look_again(store, error) : rc;
}

/* A table that is about to be made: the server may have one of that name which we do not know, and must not replace. That of
 * the sequences is ours: once made, it stays in the server when the last table that needs it is dropped. */
static int check_new_table(hdb_daemon_store *store, const char *name, hdb_error *error) {
    const hdb_schema *before = store->replica->schema_before;
    bool there = false;
    if ((before && hdb_schema_table(before, name)) || strcmp(name, "sqlite_sequence") == 0)
        return HDB_OK;
    char *engine_name = hdb_engine_name(name);
    if (!engine_name)
        return hdb_error_nomem(error);
    int rc = hdb_foreign_exists(hdb_server_link(store->server), engine_name, &there, error);
    free(engine_name);
    if (rc == HDB_OK && there)
        rc = look_again(store, error);
    if (rc == HDB_OK && there)
        rc = hdb_error_set(error, HDB_ERROR, "42P07", "table %s exists in the server already", name);
    return rc;
}

static int only_read(const hdb_daemon_store *store, const char *name, hdb_error *error) {
    const hdb_foreign_table *foreign = hdb_foreign_find(store->foreign, name);
    return hdb_error_set(error, HDB_READONLY, NULL, "table %s of another client of the server can only be read: %s", name,
                         foreign && foreign->fault ? foreign->fault : "it is gone");
}

/* Tables of other clients are not ours to change, and their rows only where there is a key to find them by. */
static int check_foreign_writes(hdb_daemon_store *store, const hdb_inspection *statement, hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = hdb_replica_schema(store->replica, &schema, error);
    for (int i = 0; rc == HDB_OK && i < statement->rebuilt_count; i++) {
        const hdb_table *table = hdb_schema_table(schema, statement->rebuilt[i]);
        if (!table)
            rc = check_new_table(store, statement->rebuilt[i], error);
        else if (table->is_foreign && !statement->creates_table)
            rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                               "table %s was made by another client of the server: it can't be altered or dropped here",
                               table->name);
    }
    for (int i = 0; rc == HDB_OK && i < statement->written_count; i++) {
        const hdb_foreign_table *foreign = hdb_foreign_find(store->foreign, statement->written[i]);
        const hdb_table *table = foreign ? hdb_schema_table(schema, foreign->name) : NULL;
        if (!table || !table->is_foreign)
            continue;
        if (statement->changes_schema)
            rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                               "table %s was made by another client of the server: it can't have an index or a trigger here",
                               foreign->name);
        else if (foreign->fault && (rc = look_again(store, error)) == HDB_OK)
            rc = only_read(store, statement->written[i], error);
    }
    return rc;
}

/* The statement will not run, or not yet: the server need not wait for it. */
static int end_early(hdb_daemon_store *store, bool fresh, int rc) {
    if (fresh)
        hdb_server_end(store->server);
    return rc;
}

/* What a statement needs before SQLite runs it: the writer lock if it writes, then rows. */
static int bring(void *context, const hdb_inspection *statement, bool begins, hdb_error *error) {
    hdb_daemon_store *store = context;
    int64_t generation = store->generation;
    bool immediate = statement->kind == HDB_STATEMENT_BEGIN && !statement->readonly && !store->readonly;
    bool write = hdb_inspection_writes(statement), had_lock = hdb_server_is_locked(store->server);
    bool alone = statement->changes_schema || statement->sets_header || statement->uses_all;
    int rc = HDB_OK;
    if (write && store->readonly)
        return hdb_error_set(error, HDB_READONLY, NULL, "attempt to write a readonly database");
    if (statement->kind == HDB_STATEMENT_BEGIN || statement->kind == HDB_STATEMENT_SAVEPOINT)
        return begin_transaction(store, immediate, begins, error);
    if (!statement->uses_main && !statement->uses_schema && !write)
        return HDB_OK;
    store->foreign_due = store->foreign_due || statement->uses_schema;
    /* The lock first: a snapshot taken before it might be too old to write on. */
    bool fresh = begins && hdb_daemon_store_is_idle(store);
    if (fresh) {
        hdb_server_end(store->server);
        rc = write ? hdb_server_lock(store->server, alone, error) : HDB_OK;
        if (rc == HDB_OK)
            rc = take_snapshot(store, error);
    } else if (write) {
        rc = hdb_server_lock(store->server, alone, error);
    }
    if (rc == HDB_OK && (write || !hdb_loader_has(store->loader, statement))) {
        rc = hdb_server_snapshot(store->server, error);
        /* A SELECT that is still giving rows may have kept some that are no longer so. */
        if (rc == HDB_OK && write && !hdb_loader_is_empty(store->loader) &&
            store->commits != hdb_server_commits(store->server)) {
            /* Others may go on writing: this transaction can't any more. */
            if (!had_lock)
                hdb_server_unlock(store->server);
            rc = hdb_error_set(error, SQLITE_BUSY_SNAPSHOT, NULL, "database is locked");
        }
        if (rc == HDB_OK)
            rc = follow_schema(store, error);
    }
    if (rc == HDB_OK && generation != store->generation && statement->kind == HDB_STATEMENT_OTHER)
        return HDB_SCHEMA;
    if (rc == HDB_OK && write)
        rc = check_foreign_writes(store, statement, error);
    if (rc == HDB_OK && !hdb_loader_has(store->loader, statement)) {
        rc = check_foreign_reads(store, statement, error);
        if (rc != HDB_OK)
            return end_early(store, fresh, rc);
        bool first = !write && hdb_loader_is_empty(store->loader);
        rc = hdb_loader_load(store->loader, hdb_server_link(store->server), statement, error);
        if (rc == HDB_OK)
            rc = hdb_server_check(store->server, error);
        rc = hdb_server_judge(rc, error);
        /* Somebody committed while rows came in: what was read first may not fit what was read last. The application has
         * not seen any of it if this is the first that the transaction reads. */
        if (first && error->code == SQLITE_BUSY_SNAPSHOT)
            return read_again(store, error);
    }
    /* An autocommit read has what it needs: the server need not wait for it. */
    if (fresh && (rc != HDB_OK || !write) && statement->kind == HDB_STATEMENT_OTHER)
        hdb_server_end(store->server);
    return rc;
}

static int prepare_statement(void *context, const hdb_inspection *statement, bool begins, hdb_error *error) {
    return hdb_server_judge(bring(context, statement, begins, error), error);
}

/* Rolling back to a savepoint takes away what was loaded inside it, while the keys that were touched stay noted: without
 * its rows a table would look emptied. */
static int load_touched(hdb_daemon_store *store, hdb_error *error) {
    const hdb_capture *capture = store->replica->capture;
    hdb_inspection touched = {.table_count = capture->table_count};
    int rc = HDB_OK;
    touched.tables = calloc((size_t)capture->table_count + 1, sizeof *touched.tables);
    if (!touched.tables)
        return hdb_error_nomem(error);
    for (int i = 0; i < capture->table_count; i++)
        touched.tables[i] = capture->tables[i].table;
    if (!hdb_loader_has(store->loader, &touched)) {
        rc = hdb_server_snapshot(store->server, error);
        if (rc == HDB_OK)
            rc = hdb_loader_load(store->loader, hdb_server_link(store->server), &touched, error);
    }
    free(touched.tables);
    return rc;
}

/* Pushing a table that was made replaces what the server has of that name: another client may have made one meanwhile. */
int hdb_daemon_check_made(hdb_replica *replica, hdb_link *link, hdb_error *error) {
    const hdb_capture *capture = replica->capture;
    const hdb_schema *before = replica->schema_before, *schema = NULL;
    int rc = before ? hdb_replica_schema(replica, &schema, error) : HDB_OK;
    for (int i = 0; before && rc == HDB_OK && i < capture->table_count; i++) {
        const char *name = capture->tables[i].table;
        const hdb_table *table = hdb_schema_table(schema, name);
        bool there = false;
        if (!capture->tables[i].whole || !table || table->is_sequence || hdb_schema_table(before, name))
            continue;
        rc = hdb_foreign_exists(link, table->engine_name, &there, error);
        if (rc == HDB_OK && there)
            rc = hdb_error_set(error, HDB_ERROR, "42P07", "table %s exists in the server already", name);
    }
    return rc;
}

static int push(void *context, hdb_error *error) {
    hdb_daemon_store *store = context;
    hdb_buffer entry = HDB_BUFFER_INIT, foreign = HDB_BUFFER_INIT;
    int rc = hdb_daemon_check_made(store->replica, hdb_server_link(store->server), error);
    if (rc == HDB_OK)
        rc = load_touched(store, error);
    if (rc == HDB_OK)
        rc = hdb_write_set_encode(store->replica, &store->sequences, &entry, error);
    if (rc == HDB_OK)
        rc = hdb_write_set_foreign(store->replica, &foreign, error);
    if (rc == HDB_OK && entry.size == 0 && foreign.size == 0)
        rc = HDB_DONE;
    if (rc == HDB_OK) {
        hdb_server_writes writes = {entry.data, entry.size, store->foreign, foreign.data, foreign.size};
        rc = hdb_server_push(store->server, &writes, error);
        store->replica->lost = rc != HDB_OK;
    }
    if (rc == HDB_OK)
        store->commits = hdb_server_commits(store->server);
    const hdb_capture *capture = store->replica->capture;
    if (rc == HDB_OK && (capture->schema_changed || capture->header_set))
        store->schema_version = hdb_server_schema_version(store->server);
    if (rc == HDB_OK && capture->schema_changed)
        store->generation++;
    hdb_buffer_free(&entry);
    hdb_buffer_free(&foreign);
    return rc;
}

static int finish(void *context, bool done, hdb_error *error) {
    if (done)
        return HDB_OK;
    (void)context;
    return hdb_error_set(error, HDB_INTERNAL, NULL, "the server has the transaction, the private replica refused it");
}

static void end(void *context, bool committed) {
    hdb_daemon_store *store = context;
    hdb_server_end(store->server);
    /* A SELECT or BLOB that is still open goes on with the rows there are, as we have left them. */
    if (committed && is_reading(store)) {
        hdb_loader_released(store->loader, 0);
        store->commits = hdb_server_commits(store->server);
    } else {
        hdb_loader_rolled_back(store->loader, -1);
    }
    if (store->taken_inside)
        store->schema_version = -1;
    store->taken_inside = false;
}

static void rolled_back_to(void *context, int depth) {
    hdb_daemon_store *store = context;
    hdb_loader_rolled_back(store->loader, depth);
    if (store->taken_inside)
        store->schema_version = -1;
}

static void savepoints(void *context, int count) {
    hdb_daemon_store *store = context;
    hdb_loader_released(store->loader, count);
}

/* VACUUM has nothing to do here: the file is the server's. */
static int changed_unseen(void *context, hdb_error *error) {
    (void)context, (void)error;
    return HDB_OK;
}

static const hdb_store operations = {
    .prepare_statement = prepare_statement,
    .push = push,
    .finish = finish,
    .changed_unseen = changed_unseen,
    .end = end,
    .rolled_back_to = rolled_back_to,
    .savepoints = savepoints,
    .loads = true,
};

int hdb_daemon_store_attach(hdb_daemon_store *store, hdb_replica *replica, const hdb_settings *settings,
                            const atomic_int *interrupt, hdb_error *error) {
    store->replica = replica;
    store->loader = hdb_loader_create(replica);
    if (!store->loader)
        return hdb_error_nomem(error);
    hdb_server_set_waits(store->server, settings->timeout_ms, interrupt);
    replica->store = &operations;
    replica->store_context = store;
    replica->answers_pragmas = true;
    store->readonly = settings->open == HDB_OPEN_READ;
    return hdb_daemon_store_refresh(store, true, error);
}

void hdb_daemon_store_set_timeout(hdb_daemon_store *store, int timeout_ms, const atomic_int *interrupt) {
    hdb_server_set_waits(store->server, timeout_ms, interrupt);
}

void hdb_daemon_store_set_busy(hdb_daemon_store *store, int (*busy)(void *context, int count), void *context) {
    hdb_server_set_busy(store->server, busy, context);
}

void hdb_daemon_store_registered(hdb_daemon_store *store) {
    hdb_loader_registered(store->loader);
}

hdb_server *hdb_daemon_store_server(hdb_daemon_store *store) {
    return store->server;
}

bool hdb_daemon_store_is_idle(const hdb_daemon_store *store) {
    return sqlite3_get_autocommit(store->replica->db) && !is_reading(store);
}

int64_t hdb_daemon_store_commits(const hdb_daemon_store *store) {
    return store->commits;
}

void hdb_daemon_store_ignore(hdb_daemon_store *store, const sqlite3_stmt *carrier) {
    store->ignored = carrier;
}

int hdb_daemon_store_scan(hdb_daemon_store *store, const char *sql, hdb_row_callback callback, void *context, hdb_error *error) {
    int64_t generation = store->generation;
    int rc = take_snapshot(store, error);
    if (rc == HDB_OK && generation != store->generation)
        rc = HDB_SCHEMA;
    if (rc == HDB_OK)
        rc = hdb_link_stream(hdb_server_link(store->server), sql, NULL, 0, HDB_ROWS_NATIVE, callback, context, error);
    if (rc == HDB_OK)
        rc = hdb_server_check(store->server, error);
    hdb_server_end(store->server);
    return rc;
}

int64_t hdb_daemon_store_schema_version(const hdb_daemon_store *store) {
    return store->schema_version;
}

int hdb_daemon_store_receive(hdb_daemon_store *store, sqlite3 *from, hdb_error *error) {
    hdb_inspection all = {.writes_rows = true, .uses_main = true, .uses_all = true};
    hdb_buffer entry = HDB_BUFFER_INIT;
    int64_t differences = 0;
    int rc = hdb_replica_need(store->replica, &all, error);
    for (int i = 0; rc == HDB_OK && store->foreign && i < store->foreign->count; i++) {
        const char *name = store->foreign->tables[i].name;
        if (sqlite3_table_column_metadata(from, "main", name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK)
            rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                               "table %s of the server was made by another client: it can't be replaced", name);
    }
    if (rc == HDB_OK)
        rc = hdb_foreign_compare(from, "main", store->replica->db, true, &entry, NULL, &differences, error);
    if (rc == HDB_OK && differences > 0)
        rc = hdb_server_push(store->server, &(hdb_server_writes){.data = entry.data, .size = entry.size}, error);
    hdb_server_end(store->server);
    hdb_buffer_free(&entry);
    /* What the private replica holds is of yesterday. */
    store->schema_version = -1;
    return rc;
}

int hdb_daemon_store_query(hdb_daemon_store *store, const char *sql, const hdb_value *params, int count,
                           enum hdb_row_format format, hdb_rows **out, hdb_error *error) {
    if (!hdb_capture_is_empty(store->replica->capture))
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "a statement that only the engine understands can't run in a transaction that has written");
    /* Taking a snapshot finds out whether the session still lives; what the application asked is then asked once. */
    bool autocommit = sqlite3_get_autocommit(store->replica->db);
    int rc = hdb_server_snapshot(store->server, error);
    if (rc == HDB_OK)
        rc = autocommit ? hdb_link_query(hdb_server_link(store->server), sql, params, count, format, out, error)
                        : hdb_server_query_inside(store->server, sql, params, count, format, out, error);
    if (autocommit)
        hdb_server_end(store->server);
    return rc;
}

void hdb_daemon_store_close(hdb_daemon_store *store) {
    if (!store)
        return;
    hdb_server_close(store->server);
    hdb_loader_free(store->loader);
    hdb_sequences_clear(&store->sequences);
    hdb_foreign_free(store->foreign);
    free(store);
}

void hdb_daemon_store_abandon(hdb_daemon_store *store) {
    if (store)
        hdb_server_abandon(store->server);
}
