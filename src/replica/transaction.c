/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: what SQLite commits by itself (autocommit statements, RELEASE of a savepoint that began the
 * transaction) is turned into a COMMIT that can be preceded by a push. */
#include "replica/replica.h"

#include "replica/failure.h"
#include "replica/format.h"
#include "replica/schema.h"
#include "waiting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_open(const hdb_replica *replica) {
    return !sqlite3_get_autocommit(replica->db);
}

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

/* The transaction is over. After a rollback the schema version goes back and may come again with another schema. */
static void end_transaction(hdb_replica *replica, bool committed) {
    forget_transaction(replica, committed);
    for (hdb_replica *attached = replica->attached; attached; attached = attached->next)
        forget_transaction(attached, committed);
    cut_savepoints(replica, 0);
    replica->explicit_transaction = replica->implicit_transaction = replica->savepoint_began = false;
    replica->implicit_writers = 0;
    replica->hooks.wrote = false;
    if (replica->store && replica->store->end)
        replica->store->end(replica->store_context, committed);
}

/* SQLite may roll back by itself (ON CONFLICT ROLLBACK, a full disk). */
static void notice_rollback(hdb_replica *replica) {
    if (!is_open(replica) && (replica->explicit_transaction || replica->implicit_transaction))
        end_transaction(replica, false);
}

static void roll_back(hdb_replica *replica) {
    hdb_error ignored = HDB_ERROR_INIT;
    replica->hooks.announces = true;
    if (is_open(replica))
        hdb_replica_run(replica, "ROLLBACK", &ignored);
    replica->hooks.announces = false;
    hdb_error_clear(&ignored);
    notice_rollback(replica);
}

/* A COMMIT that SQLite will refuse must not be pushed first. */
static bool will_be_refused(hdb_replica *replica) {
    int deferred = 0, unused = 0;
    if (sqlite3_db_status(replica->db, SQLITE_DBSTATUS_DEFERRED_FKS, &deferred, &unused, 0) == SQLITE_OK && deferred > 0)
        return true;
    for (sqlite3_stmt *other = sqlite3_next_stmt(replica->db, NULL); other; other = sqlite3_next_stmt(replica->db, other))
        if (sqlite3_stmt_busy(other) && !sqlite3_stmt_readonly(other))
            return true;
    return false;
}

/* Virtual tables such as FTS5 hold changes in memory until a commit or a savepoint makes them write. */
static int settle_virtual_tables(hdb_replica *replica, hdb_error *error) {
    bool internal = replica->internal;
    replica->internal = false; /* what they write now is the application's */
    int rc = sqlite3_exec(replica->db, "SAVEPOINT \"_hdb_settle\"; RELEASE \"_hdb_settle\"", NULL, NULL, NULL);
    replica->internal = internal;
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(replica, error);
}

/* Steps a statement of the application's. */
static int step(hdb_replica *replica, sqlite3_stmt *statement) {
    int outer = hdb_hooks_open_window(&replica->hooks);
    int rc = sqlite3_step(statement);
    replica->hooks.window = outer;
    return rc;
}

/* Asks the commit hook before anything is pushed. SQLite asks it again when it commits and gets the same answer: if that is
 * no, it rolls back, with its own code and message. */
static void ask_commit_hook(hdb_replica *replica) {
    hdb_hooks *hooks = &replica->hooks;
    bool ends_write = hooks->wrote && sqlite3_txn_state(replica->db, NULL) == SQLITE_TXN_WRITE;
    hooks->answer = hooks->allow_commit && ends_write && hooks->allow_commit(hooks->context) ? HDB_COMMIT_REFUSED
                                                                                            : HDB_COMMIT_ALLOWED;
}

static int step_commit(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc;
    replica->hooks.announces = replica->hooks.committing = true;
    if (statement)
        rc = step(replica, statement) == SQLITE_DONE ? HDB_OK : hdb_replica_error(replica, error);
    else
        rc = hdb_replica_run(replica, "COMMIT", error);
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
            roll_back(replica);
        replica->lost = false;
        replica->hooks.answer = HDB_COMMIT_NOT_ASKED;
        goto done;
    }
    rc = step_commit(replica, statement, error);
    replica->hooks.answer = HDB_COMMIT_NOT_ASKED;
    bool committed = rc == HDB_OK && !is_open(replica);
    if (pushed) {
        hdb_error finish_error = HDB_ERROR_INIT;
        int finish_rc = finish(&pushing, committed, &finish_error);
        if (rc == HDB_OK && finish_rc != HDB_OK)
            rc = hdb_error_move(error, &finish_error);
        hdb_error_clear(&finish_error);
    }
    if (committed)
        end_transaction(replica, true);
    else
        notice_rollback(replica);
done:
    free(pushing.contexts);
    return rc;
}

/* An autocommit statement is over; when it was the last one in our transaction, that ends. `keep`: commit it. */
static int finish_implicit(hdb_replica *replica, bool keep, hdb_error *error) {
    notice_rollback(replica);
    if (!replica->implicit_transaction || --replica->implicit_writers > 0)
        return HDB_OK;
    int rc = keep ? commit(replica, NULL, error) : HDB_OK;
    roll_back(replica);
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

static int step_plain(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc = step(replica, statement);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc;
    return hdb_replica_error(replica, error);
}

static int step_begin(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    if (replica->implicit_transaction) {
        /* Autocommit statements still run: in SQLite they join the transaction that begins now. */
        replica->implicit_transaction = false;
        replica->explicit_transaction = true;
        return HDB_DONE;
    }
    int rc = step_plain(replica, statement, error);
    if (rc == HDB_DONE)
        replica->explicit_transaction = true;
    if (rc == HDB_DONE && sqlite3_txn_state(replica->db, NULL) == SQLITE_TXN_WRITE)
        replica->hooks.wrote = true; /* IMMEDIATE and EXCLUSIVE count as such */
    return rc;
}

static int step_savepoint(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection,
                          hdb_error *error) {
    bool began = !is_open(replica);
    int rc = step_plain(replica, statement, error);
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
    int rc = step_plain(replica, statement, error);
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
    int rc = step_plain(replica, statement, error);
    if (rc == HDB_DONE && index >= 0) {
        cut_savepoints(replica, index + 1);
        for (hdb_replica *kept = NULL; (kept = hdb_replica_next_kept(replica, kept));)
            if (kept->capture->schema_changed)
                hdb_replica_forget_schema(kept);
        if (replica->store && replica->store->rolled_back_to)
            replica->store->rolled_back_to(replica->store_context, index);
    }
    return rc;
}

static int step_rollback(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc = step_plain(replica, statement, error);
    notice_rollback(replica);
    return rc;
}

/* Takes the write lock through the busy handler. SQLite itself would do so in the statement, but we have to read the
 * schema before, and a lock that is asked for after a read is not waited for. */
static int take_write_lock(hdb_replica *replica, hdb_replica *kept, hdb_error *error) {
    hdb_error ignored = HDB_ERROR_INIT;
    bool has_tables = kept->schema && kept->schema->table_count > 0;
    int rc = HDB_OK;
    if (sqlite3_txn_state(kept->db, kept->database) != SQLITE_TXN_NONE || (kept == replica && !has_tables))
        return HDB_OK;
    /* Statements that change nothing: one on whichever table (if it is no longer there, that is no harm), or, where there
     * is none, one that gives free pages back, of which there are none either. */
    char *sql = has_tables ? sqlite3_mprintf("DELETE FROM \"%w\".\"%w\" WHERE 0", kept->database, kept->schema->tables[0].name)
                           : sqlite3_mprintf("PRAGMA \"%w\".incremental_vacuum(1)", kept->database);
    if (!sql)
        return hdb_error_nomem(error);
    hdb_counts counts = hdb_replica_note_counts(replica);
    rc = hdb_replica_run(replica, sql, &ignored);
    hdb_replica_restore_counts(replica, &counts);
    sqlite3_free(sql);
    rc = rc == HDB_BUSY ? hdb_error_move(error, &ignored) : HDB_OK;
    hdb_error_clear(&ignored);
    return rc;
}

/* CREATE TABLE IF NOT EXISTS of one that does: its rows need not be pushed again. */
static bool creates_nothing(const hdb_schema *schema, const hdb_use *use, const hdb_inspection *inspection) {
    return schema && inspection->creates_table && use->rebuilt_count == 1 && hdb_schema_table(schema, use->rebuilt[0]);
}

/* Locks a database that a statement will write to, and notes what no hook will tell. */
static int expect_write(hdb_replica *replica, hdb_replica *kept, const hdb_use *use, const hdb_inspection *inspection,
                        hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = take_write_lock(replica, kept, error);
    if (rc == HDB_OK)
        rc = hdb_replica_schema(kept, &schema, error);
    bool nothing = rc == HDB_OK && creates_nothing(schema, use, inspection);
    if (rc == HDB_OK && use->changes_schema && !nothing && !kept->capture->schema_changed) {
        kept->capture->schema_changed = true;
        rc = hdb_schema_read(kept->db, kept->database, &kept->schema_before, error);
    }
    if (use->sets_header)
        kept->capture->header_set = true;
    if (schema && hdb_schema_table(schema, "sqlite_sequence"))
        kept->capture->wrote = true;
    /* What the application itself writes to sqlite_sequence, no hook reports. */
    for (int i = 0; inspection->is_dml && i < use->table_count; i++)
        if (strcmp(use->tables[i], "sqlite_sequence") == 0)
            hdb_capture_whole(kept->capture, "sqlite_sequence");
    for (int i = 0; !nothing && i < use->rebuilt_count; i++)
        hdb_capture_whole(kept->capture, use->rebuilt[i]);
    return rc;
}

/* Whether a statement writes to a database whose rows are kept. */
static bool writes_kept(hdb_replica *replica, const hdb_inspection *inspection) {
    for (hdb_replica *kept = NULL; (kept = hdb_replica_next_kept(replica, kept));) {
        hdb_use use = hdb_inspection_use(inspection, kept->database);
        if (hdb_use_writes(&use))
            return true;
    }
    return false;
}

/* A statement that changes rows or the schema is about to run: open our transaction around it if there is none, and
 * make sure that the hook knows every table. */
static int before_write(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error) {
    int rc = HDB_OK;
    if (replica->implicit_transaction) {
        replica->implicit_writers++;
    } else if (!is_open(replica)) {
        /* IMMEDIATE would lock every attached database. */
        rc = hdb_replica_run(replica, replica->attached ? "BEGIN" : "BEGIN IMMEDIATE", error);
        if (rc != HDB_OK)
            return rc;
        replica->implicit_transaction = true;
        replica->implicit_writers = 1;
    }
    for (hdb_replica *kept = NULL; rc == HDB_OK && (kept = hdb_replica_next_kept(replica, kept));) {
        hdb_use use = hdb_inspection_use(inspection, kept->database);
        if (hdb_use_writes(&use))
            rc = expect_write(replica, kept, &use, inspection, error);
    }
    if (rc != HDB_OK && replica->implicit_transaction) {
        hdb_error ignored = HDB_ERROR_INIT;
        finish_implicit(replica, false, &ignored);
        hdb_error_clear(&ignored);
    }
    return rc;
}

static bool keeps_rows(hdb_replica *replica, sqlite3_stmt *statement, const hdb_error *error) {
    bool internal = replica->internal;
    if ((error->code & 0xff) != SQLITE_CONSTRAINT)
        return false;
    hdb_counts counts = hdb_replica_note_counts(replica); /* EXPLAIN of an INSERT sets changes() to 0 */
    replica->internal = true;
    bool kept = hdb_failure_keeps_rows(replica->db, statement, error->code, error->message);
    replica->internal = internal;
    hdb_replica_restore_counts(replica, &counts);
    return kept;
}

/* An autocommit statement that was to be committed is undone instead: SQLite itself would have refused the statement, not a
 * COMMIT after it, so nothing was changed. What its triggers and cascades had changed before a deferred foreign key failed
 * stays in SQLite's total. */
static void uncount(hdb_replica *replica, const hdb_inspection *inspection, const hdb_counts *before,
                    const hdb_counts *after, const hdb_error *error) {
    hdb_counts counts = {.total = before->total, .last_rowid = sqlite3_last_insert_rowid(replica->db)};
    if (error->code == SQLITE_CONSTRAINT_FOREIGNKEY && inspection->is_dml)
        counts.total = after->total - after->changes;
    hdb_replica_restore_counts(replica, &counts);
}

static int after_error(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, bool implicit,
                       const hdb_counts *before, hdb_error *error) {
    hdb_error refused = HDB_ERROR_INIT;
    if (!implicit) {
        notice_rollback(replica);
        return error->code & 0xff;
    }
    /* With FAIL the rows changed before the error stay; any other error undoes them. */
    hdb_counts after = hdb_replica_note_counts(replica);
    if (finish_implicit(replica, keeps_rows(replica, statement, error), &refused) != HDB_OK) {
        hdb_error_move(error, &refused);
        uncount(replica, inspection, before, &after, error);
    }
    hdb_error_clear(&refused);
    return error->code & 0xff;
}

/* To SQLite a statement that is not let in is one that changed nothing. */
static void count_nothing(hdb_replica *replica, const hdb_inspection *inspection) {
    hdb_counts counts = hdb_replica_note_counts(replica);
    counts.changes = inspection->is_dml ? 0 : counts.changes;
    hdb_replica_restore_counts(replica, &counts);
}

/* DDL that finds nothing to do (IF NOT EXISTS) begins no write transaction in SQLite: there is no commit to tell. */
static int first_step(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection) {
    hdb_hooks *hooks = &replica->hooks;
    char *emptied = hooks->emptied;
    bool is_ddl = hooks->allow_commit && inspection->changes_schema && !inspection->writes_rows;
    int64_t before = is_ddl ? hdb_replica_schema_version(replica) : 0;
    hooks->emptied = NULL;
    int rc = SQLITE_OK;
    if (hooks->updates && inspection->deletes) {
        hdb_counts counts = hdb_replica_note_counts(replica); /* EXPLAIN sets changes() to 0 */
        rc = hdb_replica_emptied(replica, statement, &hooks->emptied);
        hdb_replica_restore_counts(replica, &counts);
        replica->begun_changes = sqlite3_changes64(replica->db);
    }
    if (rc == SQLITE_OK)
        rc = step(replica, statement);
    sqlite3_free(hooks->emptied);
    hooks->emptied = emptied;
    if (!inspection->readonly && !(is_ddl && hdb_replica_schema_version(replica) == before))
        hooks->wrote = true;
    return rc;
}

/* SQLite's own count does not show that a statement has set it to 0, if it was 0 and is not the application's. */
static bool resets_changes(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection) {
    bool internal = replica->internal;
    if (!replica->changes_known || replica->changes == 0 || !inspection->changes_schema || inspection->creates_table ||
        inspection->rebuilt_count == 0)
        return false;
    replica->internal = true;
    bool resets = hdb_drop_deletes_rows(replica->db, statement);
    replica->internal = internal;
    return resets;
}

static int step_rows(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, bool fresh,
                     hdb_error *error) {
    bool write = writes_kept(replica, inspection);
    if (fresh && write) {
        int rc = before_write(replica, inspection, error);
        if (rc != HDB_OK) {
            count_nothing(replica, inspection);
            return rc;
        }
    }
    bool implicit = write && replica->implicit_transaction, resets = fresh && resets_changes(replica, statement, inspection);
    int64_t changes_before = sqlite3_total_changes64(replica->db), raw_changes_before = sqlite3_changes64(replica->db);
    hdb_counts counts = hdb_replica_note_counts(replica);
    if (fresh) {
        replica->begun_changes = raw_changes_before;
        replica->begun_total = changes_before;
    }
    replica->in_dml = inspection->is_dml;
    int rc = fresh ? first_step(replica, statement, inspection) : step(replica, statement);
    replica->in_dml = false;
    if (rc == SQLITE_ROW)
        return HDB_ROW;
    bool counted = sqlite3_total_changes64(replica->db) != changes_before;
    if (inspection->is_dml || counted || sqlite3_changes64(replica->db) != raw_changes_before || resets)
        replica->changes_known = false;
    if (rc != SQLITE_DONE) {
        hdb_replica_error(replica, error);
        if (error->code == HDB_OK)
            hdb_error_nomem(error); /* before SQLite was asked */
        if (inspection->is_dml && !counted) {
            replica->changes = 0;
            replica->changes_known = true;
        }
        return after_error(replica, statement, inspection, implicit, &counts, error);
    }
    if (implicit) {
        hdb_counts after = hdb_replica_note_counts(replica);
        rc = finish_implicit(replica, true, error);
        if (rc != HDB_OK && rc != SQLITE_DONE)
            uncount(replica, inspection, &counts, &after, error);
    } else {
        notice_rollback(replica);
    }
    return rc == HDB_OK || rc == SQLITE_DONE ? HDB_DONE : rc;
}

static int step_vacuum(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc = step_plain(replica, statement, error);
    for (hdb_replica *kept = NULL; rc == HDB_DONE && (kept = hdb_replica_next_kept(replica, kept));) {
        int pushed = kept->store->changed_unseen ? kept->store->changed_unseen(kept->store_context, error) : HDB_OK;
        rc = pushed == HDB_OK ? rc : pushed;
    }
    return rc;
}

/* A new file gets its first page before anything is written to it, or a transaction begins. */
static int begin_files(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error) {
    bool begins = inspection->kind == HDB_STATEMENT_BEGIN || inspection->kind == HDB_STATEMENT_SAVEPOINT;
    int rc = HDB_OK;
    for (hdb_replica *kept = NULL; rc == HDB_OK && (kept = hdb_replica_next_kept(replica, kept));) {
        hdb_use use = hdb_inspection_use(inspection, kept->database);
        bool asked = inspection->pragma == HDB_PRAGMA_JOURNAL_MODE &&
                     hdb_replica_find(replica, inspection->pragma_database ? inspection->pragma_database : "main") == kept;
        if (kept->is_blank && (begins || asked || inspection->kind == HDB_STATEMENT_VACUUM || hdb_use_writes(&use)))
            rc = hdb_replica_begin_file(kept, error);
    }
    return rc;
}

/* Reads the schema before a transaction begins, so that its first write need not: see take_write_lock(). */
static int know_schema(hdb_replica *replica, hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = HDB_OK;
    for (hdb_replica *kept = NULL; rc == HDB_OK && (kept = hdb_replica_next_kept(replica, kept));)
        rc = hdb_replica_schema(kept, &schema, error);
    return rc;
}

/* The same for the stores of attached databases, which are embedded ones. */
static int ask_attached(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error) {
    int rc = HDB_OK;
    for (hdb_replica *kept = replica->attached; rc == HDB_OK && kept; kept = kept->next) {
        hdb_use use = hdb_inspection_use(inspection, kept->database);
        const hdb_inspection its = {.kind = inspection->kind, .writes_rows = hdb_use_writes(&use)};
        rc = kept->store->prepare_statement(kept->store_context, &its, !is_open(replica), error);
    }
    return rc;
}

/* Asks the store for what the statement needs. A schema that came anew may make the statement touch other tables: SQLite
 * compiles it again by itself, and we look at it again. */
static int ask_store(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, hdb_error *error) {
    enum { TRIES = 50 };
    int rc = HDB_SCHEMA;
    for (int i = 0; rc == HDB_SCHEMA && i < TRIES; i++) {
        rc = replica->store->prepare_statement(replica->store_context, inspection, !is_open(replica), error);
        if (rc == HDB_SCHEMA) {
            int again = hdb_replica_inspect(replica, sqlite3_sql(statement), inspection, error);
            rc = again == HDB_OK ? HDB_SCHEMA : again;
        }
    }
    if (rc == HDB_SCHEMA)
        rc = hdb_error_set(error, SQLITE_BUSY, NULL, "database is locked");
    return rc;
}

int hdb_replica_need(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error) {
    enum { TRIES = 50 };
    int rc = HDB_SCHEMA;
    for (int i = 0; rc == HDB_SCHEMA && i < TRIES; i++)
        rc = replica->store->prepare_statement(replica->store_context, inspection, !is_open(replica), error);
    return rc == HDB_SCHEMA ? hdb_error_set(error, SQLITE_BUSY, NULL, "database is locked") : rc;
}

int hdb_replica_need_all(hdb_replica *replica, hdb_error *error) {
    const hdb_inspection all = {.readonly = true, .uses_main = true, .uses_all = true};
    return hdb_replica_need(replica, &all, error);
}

/* There was no memory for the ROLLBACK after a statement that failed: what that changed may be neither seen nor committed. */
static int roll_back_left(hdb_replica *replica, hdb_error *error) {
    if (!replica->implicit_transaction || replica->implicit_writers > 0)
        return HDB_OK;
    roll_back(replica);
    return is_open(replica) ? hdb_error_nomem(error) : HDB_OK;
}

int hdb_replica_step(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, bool fresh,
                     hdb_error *error) {
    int rc = fresh ? roll_back_left(replica, error) : HDB_OK;
    if (rc != HDB_OK)
        return rc;
    if (fresh && inspection->pragma == HDB_PRAGMA_SYNCHRONOUS && inspection->pragma_argument) {
        hdb_replica *set = hdb_replica_find(replica, inspection->pragma_database ? inspection->pragma_database : "main");
        if (set)
            set->synchronous = hdb_synchronous_of(inspection->pragma_argument);
    }
    if (fresh && !is_open(replica))
        rc = begin_files(replica, inspection, error);
    if (rc == HDB_OK && fresh && !is_open(replica) &&
        (inspection->kind == HDB_STATEMENT_BEGIN || inspection->kind == HDB_STATEMENT_SAVEPOINT))
        rc = know_schema(replica, error);
    if (rc == HDB_OK && fresh && replica->store && replica->store->prepare_statement)
        rc = ask_store(replica, statement, inspection, error);
    if (rc == HDB_OK && fresh && replica->attached)
        rc = ask_attached(replica, inspection, error);
    if (rc != HDB_OK) {
        count_nothing(replica, inspection);
        return rc;
    }
    switch (inspection->kind) {
    case HDB_STATEMENT_BEGIN:
        return step_begin(replica, statement, error);
    case HDB_STATEMENT_COMMIT:
        if (replica->implicit_transaction)
            return hdb_error_set(error, HDB_ERROR, NULL, "cannot commit - no transaction is active");
        if (!is_open(replica))
            return step_plain(replica, statement, error);
        rc = commit(replica, statement, error);
        return rc == HDB_OK ? HDB_DONE : rc;
    case HDB_STATEMENT_ROLLBACK:
        if (replica->implicit_transaction)
            return hdb_error_set(error, HDB_ERROR, NULL, "cannot rollback - no transaction is active");
        return step_rollback(replica, statement, error);
    case HDB_STATEMENT_SAVEPOINT:
        return step_savepoint(replica, statement, inspection, error);
    case HDB_STATEMENT_RELEASE:
        return step_release(replica, statement, inspection, error);
    case HDB_STATEMENT_ROLLBACK_TO:
        return step_rollback_to(replica, statement, inspection, error);
    case HDB_STATEMENT_VACUUM:
        return step_vacuum(replica, statement, error);
    case HDB_STATEMENT_ATTACH:
    case HDB_STATEMENT_DETACH:
    case HDB_STATEMENT_OTHER:
        break;
    }
    return step_rows(replica, statement, inspection, fresh, error);
}

int hdb_replica_end(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, hdb_error *error) {
    bool implicit = replica->implicit_transaction && writes_kept(replica, inspection);
    int outer = hdb_hooks_open_window(&replica->hooks);
    int rc = sqlite3_reset(statement) == SQLITE_OK ? HDB_OK : hdb_replica_error(replica, error);
    replica->hooks.window = outer;
    if (inspection->is_dml)
        replica->changes_known = false;
    if (implicit)
        rc = finish_implicit(replica, true, error);
    else
        notice_rollback(replica);
    return rc;
}

int hdb_replica_begin_access(hdb_replica *replica, const char *database, const char *table, bool writes, hdb_error *error) {
    char *tables[] = {(char *)table};
    hdb_use use = {.database = (char *)database, .writes_rows = writes, .tables = tables, .table_count = table != NULL};
    bool is_main = strcasecmp(database, "main") == 0;
    hdb_inspection access = {.readonly = !writes, .uses_main = is_main, .uses_all = !table};
    if (is_main) {
        access.writes_rows = writes;
        access.tables = access.written = tables;
        access.table_count = table != NULL;
        access.written_count = table && writes;
    } else {
        access.uses = &use;
        access.use_count = 1;
    }
    int rc = HDB_OK;
    if (replica->store && replica->store->prepare_statement)
        rc = hdb_replica_need(replica, &access, error);
    if (rc == HDB_OK && writes && hdb_replica_next_kept(replica, NULL))
        rc = before_write(replica, &access, error);
    if (rc == HDB_OK && writes)
        replica->hooks.wrote = true;
    return rc;
}

int hdb_replica_end_access(hdb_replica *replica, bool writes, bool keep, hdb_error *error) {
    if (writes && replica->implicit_transaction)
        return finish_implicit(replica, keep, error);
    notice_rollback(replica);
    return HDB_OK;
}
