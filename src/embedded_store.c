/* SPDX-License-Identifier: Apache-2.0 */
/* Embedded mode's store: commits of one connection go to the record of its database. */
#include "store.h"

#include "embedded_internal.h"
#include "record/entry.h"
#include "replica/schema.h"
#include "replica/wal_mark.h"
#include <stdlib.h>
#include <string.h>

int hdb_embedded_store_open(const hdb_settings *settings, const char *path, hdb_embedded_store **out, hdb_error *error) {
    hdb_embedded_store *store = calloc(1, sizeof *store);
    if (!store)
        return hdb_error_nomem(error);
    int rc = hdb_database_open(settings, path, &store->database, error);
    if (rc != HDB_OK) {
        free(store);
        return rc;
    }
    store->record = hdb_database_record(store->database);
    *out = store;
    return HDB_OK;
}

static int prepare_statement(void *context, const hdb_inspection *statement, bool begins, hdb_error *error) {
    hdb_embedded_store *store = context;
    if (!begins || !(hdb_inspection_writes(statement) || statement->kind == HDB_STATEMENT_BEGIN))
        return HDB_OK;
    /* What somebody is committing SQLite waits for, as long as this connection wants to. */
    return hdb_database_finish_inflight(store->database, false, error);
}

static void write_ahead(void *context) {
    hdb_embedded_store *store = context;
    hdb_error ignored = HDB_ERROR_INIT;
    if (store->ahead.given_up)
        return;
    if (store->ahead.token == 0)
        sqlite3_randomness(sizeof store->ahead.token, &store->ahead.token);
    hdb_buffer_cut(&store->entry, store->encoded);
    store->ahead.given_up = hdb_write_set_ahead(store->replica, &store->entry, &ignored) != HDB_OK;
    store->encoded = store->entry.size;
    hdb_ahead_send(store->record, &store->ahead, store->entry.data, store->encoded);
    hdb_error_clear(&ignored);
}

static void end(void *context, bool committed) {
    hdb_embedded_store *store = context;
    if (committed)
        store->ahead = (hdb_ahead){0};
    else
        hdb_ahead_forget(store->record, &store->ahead);
    if (store->encoded > 0)
        hdb_buffer_free(&store->entry);
    store->encoded = 0;
}

int hdb_embedded_store_encode(hdb_embedded_store *store, hdb_error *error) {
    if (store->encoded > 0 && hdb_write_set_has_schema(store->replica)) {
        hdb_capture_unsend(store->replica->capture);
        store->encoded = 0;
        store->ahead.given_up = true;
    }
    hdb_buffer_cut(&store->entry, store->encoded);
    int rc = hdb_write_set_encode(store->replica, &store->sequences, &store->entry, error);
    if (rc != HDB_OK)
        hdb_sequences_clear(&store->sequences);
    return rc;
}

void hdb_embedded_store_note_foreign(hdb_embedded_store *store) {
    hdb_state *state = hdb_record_state(store->record);
    hdb_wal_mark mark;
    /* We hold the write lock: what the file's index tells is as it was when our transaction began. */
    if (!state->in_memory && hdb_wal_mark_read(store->replica->db, store->replica->database, &mark) &&
        !hdb_wal_mark_same(&state->page->mark, &mark))
        store->foreign = true;
}

static int push(void *context, hdb_error *error) {
    hdb_embedded_store *store = context;
    int rc = hdb_embedded_store_encode(store, error);
    if (rc == HDB_OK && store->entry.size == 0)
        return HDB_DONE;
    if (rc == HDB_OK)
        rc = hdb_record_push(store->record, &store->ahead, store->entry.data, store->entry.size,
                             store->replica->synchronous >= 2, error);
    if (rc != HDB_OK) {
        hdb_sequences_clear(&store->sequences);
        return rc;
    }
    hdb_embedded_store_note_foreign(store);
    return HDB_OK;
}

int hdb_embedded_store_finish(hdb_embedded_store *store, bool done, hdb_error *error) {
    hdb_wal_mark mark;
    if (!done) {
        hdb_sequences_clear(&store->sequences);
        store->ahead.given_up = true; /* with the entry goes what was sent before */
        return hdb_record_cancel(store->record, error);
    }
    bool marked = hdb_wal_mark_read(store->replica->db, store->replica->database, &mark);
    size_t size = store->entry.size;
    hdb_record_committed(store->record, hdb_buffer_take(&store->entry), size, marked ? &mark : NULL);
    if (!store->foreign)
        return HDB_OK;
    store->foreign = false;
    return hdb_database_push_foreign(store->database, error);
}

static int finish(void *context, bool done, hdb_error *error) {
    return hdb_embedded_store_finish(context, done, error);
}

static int changed_unseen(void *context, hdb_error *error) {
    hdb_embedded_store *store = context;
    hdb_wal_mark mark;
    /* Nothing was written: VACUUM INTO, or another database's VACUUM. */
    if (hdb_database_steward(store->database) && hdb_wal_mark_read(store->replica->db, store->replica->database, &mark) &&
        hdb_wal_mark_same(&hdb_record_state(store->record)->page->mark, &mark))
        return HDB_OK;
    return hdb_database_steward(store->database) ? hdb_database_push_foreign(store->database, error)
                                                 : hdb_embedded_store_push_all(store, error);
}

static void wal_grew(void *context) {
    hdb_embedded_store *store = context;
    hdb_record_copy_wal(store->record);
}

static void file_begun(void *context) {
    hdb_embedded_store *store = context;
    hdb_database_note_mark(store->database);
}

static const hdb_store operations = {
    .prepare_statement = prepare_statement,
    .ahead = write_ahead,
    .push = push,
    .finish = finish,
    .end = end,
    .push_together = hdb_together_push,
    .finish_together = hdb_together_finish,
    .wal_grew = wal_grew,
    .file_begun = file_begun,
    .changed_unseen = changed_unseen,
};

void hdb_embedded_store_attach(hdb_embedded_store *store, hdb_replica *replica, const atomic_int *interrupt) {
    store->replica = replica;
    replica->store = &operations;
    replica->store_context = store;
    replica->is_blank = hdb_database_is_blank(store->database);
    replica->answers_pragmas = hdb_database_steward(store->database) != NULL;
    if (!replica->answers_pragmas)
        hdb_record_set_interrupt(store->record, interrupt);
}

int hdb_embedded_store_begin_file(hdb_embedded_store *store, hdb_error *error) {
    return hdb_database_begin_file(store->database, error);
}

int hdb_embedded_store_settle(hdb_embedded_store *store, hdb_error *error) {
    return hdb_database_finish_inflight(store->database, true, error);
}

int hdb_embedded_store_receive(hdb_embedded_store *store, sqlite3 *from, const char *name, int (*copy)(void *context),
                               void *context, hdb_error *error) {
    hdb_sequences_clear(&store->sequences);
    return hdb_database_receive(store->database, from, name, store->replica->synchronous >= 2, copy, context, error);
}

int hdb_embedded_store_push_all(hdb_embedded_store *store, hdb_error *error) {
    const hdb_schema *schema = NULL;
    hdb_buffer entry = HDB_BUFFER_INIT;
    int rc = hdb_replica_schema(store->replica, &schema, error);
    if (rc != HDB_OK)
        return rc;
    hdb_sequences_clear(&store->sequences);
    hdb_entry_put_schema(&entry, schema);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = hdb_write_set_whole(store->replica->db, &schema->tables[i], &entry, error);
    if (rc == HDB_OK && entry.failed)
        rc = hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_record_push(store->record, NULL, entry.data, entry.size, false, error);
    if (rc == HDB_OK) {
        size_t size = entry.size;
        hdb_record_committed(store->record, hdb_buffer_take(&entry), size, NULL);
    }
    hdb_buffer_free(&entry);
    return rc;
}

int hdb_embedded_store_registered(hdb_embedded_store *store, hdb_error *error) {
    if (!hdb_database_needs_reindex(store->database))
        return HDB_OK;
    hdb_replica *replica = store->replica;
    return hdb_database_reindex(store->database, replica->db, replica->database, error);
}

int hdb_embedded_store_flush(hdb_embedded_store *store, hdb_error *error) {
    return hdb_record_flush(store->record, error);
}

int hdb_embedded_store_verify(hdb_embedded_store *store, int64_t *out, hdb_error *error) {
    hdb_buffer report = HDB_BUFFER_INIT;
    sqlite3 *file = hdb_database_steward(store->database);
    int rc = hdb_database_verify(store->database, file ? file : store->replica->db, out, &report, error);
    if (rc == HDB_OK && *out > 0)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "replica and engine differ: %s", report.failed ? "..." : report.data);
    hdb_buffer_free(&report);
    return rc;
}

int hdb_embedded_store_dsn(hdb_embedded_store *store, char **out, hdb_error *error) {
    return hdb_engine_conninfo(hdb_record_engine(store->record), out, error);
}

int hdb_embedded_store_query(hdb_embedded_store *store, const char *sql, const hdb_value *params, int count,
                             enum hdb_row_format format, hdb_rows **out, hdb_error *error) {
    hdb_link *link = NULL;
    /* The engine does not have what is not committed: its answer would be another one. */
    if (!hdb_capture_is_empty(store->replica->capture))
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "a statement that only the engine understands can't run in a transaction that has written");
    int rc = hdb_record_flush(store->record, error);
    if (rc != HDB_OK)
        return rc;
    hdb_record_lock(store->record);
    rc = hdb_record_link(store->record, &link, error);
    if (rc == HDB_OK)
        rc = hdb_link_query(link, sql, params, count, format, out, error);
    hdb_record_unlock(store->record);
    return rc;
}

int hdb_embedded_store_close(hdb_embedded_store *store, hdb_error *error) {
    if (!store)
        return HDB_OK;
    hdb_ahead_forget(store->record, &store->ahead);
    int rc = hdb_database_close(store->database, error);
    hdb_sequences_clear(&store->sequences);
    hdb_buffer_free(&store->entry);
    free(store);
    return rc;
}

void hdb_embedded_store_abandon(hdb_embedded_store *store) {
    if (store)
        hdb_database_abandon(store->database);
}
