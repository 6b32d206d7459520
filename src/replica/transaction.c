/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/transaction.h"

#include "replica/auto_checkpoint.h"
#include "replica/schema.h"
#include "waiting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void cut_savepoints(hdb_replica *replica, int count) {
    while (replica->savepoint_count > count)
        free(replica->savepoints[--replica->savepoint_count]);
}

static void forget_transaction(hdb_replica *kept, bool committed) {
    if (!committed && kept->capture->schema_changed)
        hdb_replica_forget_schema(kept);
    hdb_schema_free(kept->schema_before);
    kept->schema_before = NULL;
    hdb_capture_reset(kept->capture);
}

static void tell_end(hdb_replica *kept, bool committed) {
    if (kept->store && kept->store->end)
        kept->store->end(kept->store_context, committed);
}

/* The transaction is over. After a rollback the schema version goes back and may come again with another schema. */
static void end_transaction(hdb_replica *replica, bool committed) {
    replica->schema_epoch++;
    forget_transaction(replica, committed);
    for (hdb_replica *attached = replica->attached; attached; attached = attached->next)
        forget_transaction(attached, committed);
    cut_savepoints(replica, 0);
    replica->explicit_transaction = replica->savepoint_began = false;
    replica->implicit_transaction = false;
    replica->implicit_writers = 0;
    replica->hooks.wrote = false;
    tell_end(replica, committed);
    for (hdb_replica *attached = replica->attached; attached; attached = attached->next)
        tell_end(attached, committed);
}

void hdb_transaction_notice_rollback(hdb_replica *replica) {
    if (!hdb_transaction_is_open(replica) && (replica->explicit_transaction || replica->implicit_transaction))
        end_transaction(replica, false);
}

void hdb_transaction_roll_back(hdb_replica *replica) {
    hdb_error ignored = HDB_ERROR_INIT;
    replica->hooks.announces = true;
    if (hdb_transaction_is_open(replica))
        hdb_replica_run(replica, "ROLLBACK", &ignored);
    replica->hooks.announces = false;
    hdb_error_clear(&ignored);
    hdb_transaction_notice_rollback(replica);
}

static bool is_writing(hdb_replica *replica) {
    for (sqlite3_stmt *other = sqlite3_next_stmt(replica->db, NULL); other; other = sqlite3_next_stmt(replica->db, other))
        if (sqlite3_stmt_busy(other) && !sqlite3_stmt_readonly(other))
            return true;
    return false;
}

/* A COMMIT that SQLite will refuse must not be pushed first. */
static bool will_be_refused(hdb_replica *replica) {
    int deferred = 0, unused = 0;
    return (sqlite3_db_status(replica->db, SQLITE_DBSTATUS_DEFERRED_FKS, &deferred, &unused, 0) == SQLITE_OK && deferred > 0) ||
           is_writing(replica);
}

/* Virtual tables such as FTS5 hold changes in memory until a commit or a savepoint makes them write. */
static int settle_virtual_tables(hdb_replica *replica, hdb_error *error) {
    bool internal = replica->internal;
    replica->internal = false; /* what they write now is the application's */
    int rc = sqlite3_exec(replica->db, "SAVEPOINT \"_hdb_settle\"; RELEASE \"_hdb_settle\"", NULL, NULL, NULL);
    replica->internal = internal;
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(replica, error);
}

/* Asks the commit hook before anything is pushed. SQLite asks it again when it commits and gets the same answer: if that is
 * no, it rolls back, with its own code and message. */
static void ask_commit_hook(hdb_replica *replica) {
    hdb_hooks *hooks = &replica->hooks;
    bool ends_write = hooks->wrote && sqlite3_txn_state(replica->db, NULL) == SQLITE_TXN_WRITE;
    hooks->answer = hooks->allow_commit && ends_write && hooks->allow_commit(hooks->context) ? HDB_COMMIT_REFUSED
                                                                                            : HDB_COMMIT_ALLOWED;
}

/* What was pushed is kept: an interrupt comes too late then. */
static int step_commit(hdb_replica *replica, sqlite3_stmt *statement, bool pushed, hdb_error *error) {
    enum { TRIES = 5 };
    hdb_auto_checkpoint checkpoint;
    int rc = HDB_INTERRUPT;
    replica->hooks.announces = replica->hooks.committing = true;
    hdb_auto_checkpoint_defer(replica, &checkpoint);
    for (int i = 0; rc == HDB_INTERRUPT && i < (pushed ? TRIES : 1); i++) {
        if (statement && i > 0)
            sqlite3_reset(statement);
        if (statement)
            rc = hdb_hooks_step(&replica->hooks, statement) == SQLITE_DONE ? HDB_OK : hdb_replica_error(replica, error);
        else
            rc = hdb_replica_run(replica, "COMMIT", error);
    }
    hdb_auto_checkpoint_restore(&checkpoint);
    replica->hooks.announces = replica->hooks.committing = false;
    return rc;
}

/* What a COMMIT is about to push: the stores of the databases that were written to. */
struct pushing {
    const hdb_store *store;
    void **contexts;
    int count;
};

/* Whether the transaction has changed a database. What a refused statement would have changed is noted, too: without the
 * write lock nothing was changed, and what the transaction sees may be older than what the record has. */
static bool has_written(const hdb_replica *kept) {
    return !hdb_capture_is_empty(kept->capture) && sqlite3_txn_state(kept->db, kept->database) == SQLITE_TXN_WRITE;
}

void hdb_transaction_go_ahead(hdb_replica *replica) {
    for (hdb_replica *kept = NULL; (kept = hdb_replica_next_kept(replica, kept));) {
        if (!hdb_capture_has_many(kept->capture) || !kept->store->ahead || !has_written(kept) || is_writing(replica))
            continue;
        hdb_waiting_hold();
        kept->store->ahead(kept->store_context);
        hdb_waiting_release();
    }
}

static int find_written(hdb_replica *replica, struct pushing *pushing, hdb_error *error) {
    int rc = HDB_OK, attached = 0;
    bool has_virtual = false;
    for (const hdb_replica *each = replica->attached; each; each = each->next)
        attached++;
    pushing->contexts = calloc((size_t)attached + 1, sizeof *pushing->contexts);
    if (!pushing->contexts)
        return hdb_error_nomem(error);
    for (hdb_replica *kept = NULL; (kept = hdb_replica_next_kept(replica, kept));)
        has_virtual = has_virtual || (has_written(kept) && kept->schema && kept->schema->has_virtual);
    if (has_virtual)
        rc = settle_virtual_tables(replica, error);
    for (hdb_replica *kept = NULL; rc == HDB_OK && (kept = hdb_replica_next_kept(replica, kept));) {
        if (!has_written(kept))
            continue;
        if (kept->capture->failed)
            rc = hdb_error_nomem(error);
        pushing->store = kept->store;
        pushing->contexts[pushing->count++] = kept->store_context;
    }
    return rc;
}

/* HDB_DONE: there was nothing to push after all. */
static int push(const struct pushing *pushing, hdb_error *error) {
    hdb_waiting_hold();
    int rc = pushing->count == 1 ? pushing->store->push(pushing->contexts[0], error)
                                 : pushing->store->push_together(pushing->contexts, pushing->count, error);
    hdb_waiting_release();
    return rc;
}

static int finish(const struct pushing *pushing, bool done, hdb_error *error) {
    if (pushing->count > 1)
        return pushing->store->finish_together(pushing->contexts, pushing->count, done, error);
    return pushing->store->finish ? pushing->store->finish(pushing->contexts[0], done, error) : HDB_OK;
}

/* Steps a statement that commits (`statement`, or our own COMMIT if NULL), after pushing the write set. */
static int commit(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    struct pushing pushing = {NULL, NULL, 0};
    bool refused = will_be_refused(replica), pushed = false;
    int rc = refused ? HDB_OK : find_written(replica, &pushing, error);
    if (rc == HDB_OK && !refused)
        ask_commit_hook(replica);
    if (rc == HDB_OK && pushing.count > 0 && replica->hooks.answer != HDB_COMMIT_REFUSED) {
        rc = push(&pushing, error);
        pushed = rc == HDB_OK;
        rc = rc == HDB_DONE ? HDB_OK : rc;
    }
    if (rc != HDB_OK) {
        /* What the transaction has read is no longer so: it can only start again. */
        if (error->code == SQLITE_BUSY_SNAPSHOT || replica->lost)
            hdb_transaction_roll_back(replica);
        replica->lost = false;
        replica->hooks.answer = HDB_COMMIT_NOT_ASKED;
        goto done;
    }
    rc = step_commit(replica, statement, pushed, error);
    replica->hooks.answer = HDB_COMMIT_NOT_ASKED;
    bool committed = rc == HDB_OK && !hdb_transaction_is_open(replica);
    if (pushed) {
        hdb_error finish_error = HDB_ERROR_INIT;
        int finish_rc = finish(&pushing, committed, &finish_error);
        if (finish_rc != HDB_OK) /* the record has what the replica refused */
            rc = hdb_error_move(error, &finish_error);
        hdb_error_clear(&finish_error);
    }
    if (committed)
        end_transaction(replica, true);
    else
        hdb_transaction_notice_rollback(replica);
done:
    free(pushing.contexts);
    return rc;
}

int hdb_transaction_finish_implicit(hdb_replica *replica, bool keep, hdb_error *error) {
    hdb_transaction_notice_rollback(replica);
    if (!replica->implicit_transaction || --replica->implicit_writers > 0)
        return HDB_OK;
    int rc = keep ? commit(replica, NULL, error) : HDB_OK;
    hdb_transaction_roll_back(replica);
    return rc;
}

static int note_savepoint(hdb_replica *replica, const char *name, bool began, hdb_error *error) {
    size_t count = (size_t)replica->savepoint_count;
    char **grown = realloc(replica->savepoints, (count + 1) * sizeof *grown);
    if (grown)
        replica->savepoints = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy)
        return hdb_error_nomem(error);
    replica->savepoints[replica->savepoint_count++] = copy;
    if (began)
        replica->savepoint_began = true;
    replica->explicit_transaction = true;
    return HDB_OK;
}

static int find_savepoint(const hdb_replica *replica, const char *name) {
    for (int i = replica->savepoint_count - 1; name && i >= 0; i--)
        if (strcasecmp(replica->savepoints[i], name) == 0)
            return i;
    return -1;
}

int hdb_transaction_step_plain(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc = hdb_hooks_step(&replica->hooks, statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? rc : hdb_replica_error(replica, error);
}

static int step_begin(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    if (replica->implicit_transaction) {
        /* Autocommit statements still run: in SQLite they join the transaction that begins now. */
        replica->implicit_transaction = false;
        replica->explicit_transaction = true;
        return HDB_DONE;
    }
    int rc = hdb_transaction_step_plain(replica, statement, error);
    if (rc == HDB_DONE)
        replica->explicit_transaction = true;
    if (rc == HDB_DONE && sqlite3_txn_state(replica->db, NULL) == SQLITE_TXN_WRITE)
        replica->hooks.wrote = true; /* IMMEDIATE and EXCLUSIVE count as such */
    return rc;
}

static int step_savepoint(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection,
                          hdb_error *error) {
    bool began = !hdb_transaction_is_open(replica);
    int rc = hdb_transaction_step_plain(replica, statement, error);
    if (rc == HDB_DONE && note_savepoint(replica, inspection->savepoint, began, error) != HDB_OK)
        return HDB_NOMEM;
    if (rc == HDB_DONE && replica->store && replica->store->savepoints)
        replica->store->savepoints(replica->store_context, replica->savepoint_count);
    return rc;
}

static int step_release(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection,
                        hdb_error *error) {
    int index = find_savepoint(replica, inspection->savepoint);
    if (index == 0 && replica->savepoint_began) {
        int rc = commit(replica, statement, error);
        return rc == HDB_OK ? HDB_DONE : rc;
    }
    int rc = hdb_transaction_step_plain(replica, statement, error);
    if (rc == HDB_DONE && index >= 0) {
        cut_savepoints(replica, index);
        if (replica->store && replica->store->savepoints)
            replica->store->savepoints(replica->store_context, replica->savepoint_count);
    }
    return rc;
}

static int step_rollback_to(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection,
                            hdb_error *error) {
    int index = find_savepoint(replica, inspection->savepoint);
    int rc = hdb_transaction_step_plain(replica, statement, error);
    if (rc == HDB_DONE && index >= 0) {
        cut_savepoints(replica, index + 1);
        for (hdb_replica *kept = NULL; (kept = hdb_replica_next_kept(replica, kept));) {
            if (kept->capture->schema_changed)
                hdb_replica_forget_schema(kept);
            hdb_capture_unsend(kept->capture);
        }
        if (replica->store && replica->store->rolled_back_to)
            replica->store->rolled_back_to(replica->store_context, index);
    }
    return rc;
}

/* Autocommit statements that still run are inside a transaction of ours, not of the application's. */
static int refuse_to_end(const char *what, hdb_error *error) {
    return hdb_error_set(error, HDB_ERROR, NULL, "cannot %s - no transaction is active", what);
}

static int step_commit_statement(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    if (replica->implicit_transaction)
        return refuse_to_end("commit", error);
    if (!hdb_transaction_is_open(replica))
        return hdb_transaction_step_plain(replica, statement, error);
    int rc = commit(replica, statement, error);
    return rc == HDB_OK ? HDB_DONE : rc;
}

static int step_rollback(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    if (replica->implicit_transaction)
        return refuse_to_end("rollback", error);
    int rc = hdb_transaction_step_plain(replica, statement, error);
    hdb_transaction_notice_rollback(replica);
    return rc;
}

int hdb_transaction_step(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, hdb_error *error) {
    switch (inspection->kind) {
    case HDB_STATEMENT_BEGIN:
        return step_begin(replica, statement, error);
    case HDB_STATEMENT_COMMIT:
        return step_commit_statement(replica, statement, error);
    case HDB_STATEMENT_ROLLBACK:
        return step_rollback(replica, statement, error);
    case HDB_STATEMENT_SAVEPOINT:
        return step_savepoint(replica, statement, inspection, error);
    case HDB_STATEMENT_RELEASE:
        return step_release(replica, statement, inspection, error);
    case HDB_STATEMENT_ROLLBACK_TO:
        return step_rollback_to(replica, statement, inspection, error);
    default:
        return hdb_transaction_step_plain(replica, statement, error);
    }
}
