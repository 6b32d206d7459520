/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a statement: what the store is asked before the first one, the transaction around one that writes, and what
 * is counted after the last. */
#include "clock.h"
#include "replica/format.h"
#include "replica/program.h"
#include "replica/schema.h"
#include "replica/transaction.h"

#include <string.h>
#include <strings.h>

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
    bool was_open = hdb_transaction_is_open(replica);
    rc = hdb_replica_run(replica, sql, &ignored);
    hdb_replica_restore_counts(replica, &counts);
    sqlite3_free(sql);
    /* An interrupt, among others, makes SQLite roll back the transaction that it falls into. */
    bool ended = was_open && !hdb_transaction_is_open(replica);
    rc = rc == HDB_BUSY || rc == HDB_INTERRUPT || (rc != HDB_OK && ended) ? hdb_error_move(error, &ignored) : HDB_OK;
    hdb_error_clear(&ignored);
    return rc;
}

/* CREATE TABLE IF NOT EXISTS of one that does: its rows need not be pushed again. */
static bool creates_nothing(const hdb_schema *schema, const hdb_use *use, const hdb_inspection *inspection) {
    return schema && inspection->creates_table && use->rebuilt_count == 1 && hdb_schema_table(schema, use->rebuilt[0]);
}

static hdb_use use_of(const hdb_replica *replica, const hdb_replica *kept, const hdb_inspection *inspection) {
    return kept == replica ? hdb_inspection_use_of_main(inspection) : hdb_inspection_use_of_attached(inspection, kept->database);
}

/* Locks a database that a statement will write to, and notes what no hook will tell. */
static int expect_write(hdb_replica *replica, hdb_replica *kept, const hdb_use *use, const hdb_inspection *inspection,
                        hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = hdb_replica_is_settled(replica, kept) ? HDB_OK : take_write_lock(replica, kept, error);
    if (rc == HDB_OK)
        rc = hdb_replica_schema_to_write(replica, kept, &schema, error);
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
        hdb_use use = use_of(replica, kept, inspection);
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
    } else if (!hdb_transaction_is_open(replica)) {
        /* IMMEDIATE would lock every attached database. */
        rc = hdb_replica_run(replica, replica->attached ? "BEGIN" : "BEGIN IMMEDIATE", error);
        if (rc != HDB_OK)
            return rc;
        replica->implicit_transaction = true;
        replica->implicit_writers = 1;
    }
    for (hdb_replica *kept = NULL; rc == HDB_OK && (kept = hdb_replica_next_kept(replica, kept));) {
        hdb_use use = use_of(replica, kept, inspection);
        if (hdb_use_writes(&use))
            rc = expect_write(replica, kept, &use, inspection, error);
    }
    if (rc != HDB_OK && replica->implicit_transaction) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_transaction_finish_implicit(replica, false, &ignored);
        hdb_error_clear(&ignored);
    }
    hdb_transaction_notice_rollback(replica);
    return rc;
}

static bool keeps_rows(hdb_replica *replica, sqlite3_stmt *statement, const hdb_error *error) {
    return (error->code & 0xff) == SQLITE_CONSTRAINT &&
           hdb_program_keeps_rows(replica, statement, error->code, error->message);
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
        hdb_transaction_notice_rollback(replica);
        return error->code & 0xff;
    }
    /* With FAIL the rows changed before the error stay; any other error undoes them. */
    hdb_counts after = hdb_replica_note_counts(replica);
    if (hdb_transaction_finish_implicit(replica, keeps_rows(replica, statement, error), &refused) != HDB_OK) {
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
        rc = hdb_program_emptied(replica, statement, &hooks->emptied);
        replica->begun_changes = sqlite3_changes64(replica->db);
    }
    if (rc == SQLITE_OK)
        rc = hdb_hooks_step(&replica->hooks, statement);
    sqlite3_free(hooks->emptied);
    hooks->emptied = emptied;
    if (!inspection->readonly && !(is_ddl && hdb_replica_schema_version(replica) == before))
        hooks->wrote = true;
    return rc;
}

/* SQLite's own count does not show that a statement has set it to 0, if it was 0 and is not the application's. */
static bool resets_changes(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection) {
    return replica->changes > 0 && inspection->changes_schema && !inspection->creates_table &&
           inspection->rebuilt_count > 0 && hdb_program_deletes_rows(replica, statement);
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
    int rc = fresh ? first_step(replica, statement, inspection) : hdb_hooks_step(&replica->hooks, statement);
    replica->in_dml = false;
    if (rc == SQLITE_ROW)
        return HDB_ROW;
    bool counted = sqlite3_total_changes64(replica->db) != changes_before;
    if (inspection->is_dml || counted || sqlite3_changes64(replica->db) != raw_changes_before || resets)
        replica->changes = HDB_CHANGES_OF_SQLITE;
    if (rc != SQLITE_DONE) {
        hdb_replica_error(replica, error);
        if (error->code == HDB_OK)
            hdb_error_nomem(error); /* before SQLite was asked */
        if (inspection->is_dml && !counted)
            replica->changes = 0;
        return after_error(replica, statement, inspection, implicit, &counts, error);
    }
    if (implicit) {
        hdb_counts after = hdb_replica_note_counts(replica);
        rc = hdb_transaction_finish_implicit(replica, true, error);
        if (rc != HDB_OK && rc != SQLITE_DONE)
            uncount(replica, inspection, &counts, &after, error);
    } else {
        hdb_transaction_notice_rollback(replica);
        if (write)
            hdb_transaction_go_ahead(replica);
    }
    return rc == HDB_OK || rc == SQLITE_DONE ? HDB_DONE : rc;
}

static int step_vacuum(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error) {
    int rc = hdb_transaction_step_plain(replica, statement, error);
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
        hdb_use use = use_of(replica, kept, inspection);
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
        hdb_use use = use_of(replica, kept, inspection);
        const hdb_inspection its = {.kind = inspection->kind, .writes_rows = hdb_use_writes(&use)};
        rc = kept->store->prepare_statement(kept->store_context, &its, !hdb_transaction_is_open(replica), error);
    }
    return rc;
}

/* Another client may commit while rows come in, and then again. The more there is to do the likelier that is: many tries are
 * few on a busy machine, and a reader waits for nobody, so that it has no right to give up early. */
static bool may_try_again(int *tries, int64_t *since) {
    enum { TRIES = 50, PATIENCE_MS = 10000 };
    if (*tries == 0)
        *since = hdb_now_ms();
    return ++*tries < TRIES || hdb_now_ms() - *since < PATIENCE_MS;
}

/* Asks the store for what the statement needs. A schema that came anew may make the statement touch other tables: SQLite
 * compiles it again by itself, and we look at it again. */
static int ask_store(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, hdb_error *error) {
    int64_t since = 0;
    int rc = HDB_SCHEMA, tries = 0;
    do {
        rc = replica->store->prepare_statement(replica->store_context, inspection, !hdb_transaction_is_open(replica), error);
        if (rc == HDB_SCHEMA) {
            int again = hdb_replica_inspect(replica, sqlite3_sql(statement), inspection, error);
            rc = again == HDB_OK ? HDB_SCHEMA : again;
        }
    } while (rc == HDB_SCHEMA && may_try_again(&tries, &since));
    if (rc == HDB_SCHEMA)
        rc = hdb_error_set(error, SQLITE_BUSY, NULL, "database is locked");
    return rc;
}

int hdb_replica_need(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error) {
    int64_t since = 0;
    int rc, tries = 0;
    do
        rc = replica->store->prepare_statement(replica->store_context, inspection, !hdb_transaction_is_open(replica), error);
    while (rc == HDB_SCHEMA && may_try_again(&tries, &since));
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
    hdb_transaction_roll_back(replica);
    return hdb_transaction_is_open(replica) ? hdb_error_nomem(error) : HDB_OK;
}

static void note_synchronous(hdb_replica *replica, const hdb_inspection *inspection) {
    hdb_replica *set = hdb_replica_find(replica, inspection->pragma_database ? inspection->pragma_database : "main");
    if (set)
        set->synchronous = hdb_synchronous_of(inspection->pragma_argument);
}

/* What an execution needs before SQLite is asked to begin it. */
static int before_first_step(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, hdb_error *error) {
    bool begins = inspection->kind == HDB_STATEMENT_BEGIN || inspection->kind == HDB_STATEMENT_SAVEPOINT;
    int rc = roll_back_left(replica, error);
    if (rc != HDB_OK)
        return rc;
    if (inspection->pragma == HDB_PRAGMA_SYNCHRONOUS && inspection->pragma_argument)
        note_synchronous(replica, inspection);
    if (!hdb_transaction_is_open(replica)) {
        rc = begin_files(replica, inspection, error);
        if (rc == HDB_OK && begins)
            rc = know_schema(replica, error);
    }
    if (rc == HDB_OK && replica->store && replica->store->prepare_statement)
        rc = ask_store(replica, statement, inspection, error);
    if (rc == HDB_OK && replica->attached)
        rc = ask_attached(replica, inspection, error);
    if (rc != HDB_OK)
        count_nothing(replica, inspection);
    return rc;
}

static int step(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, bool fresh, hdb_error *error) {
    switch (inspection->kind) {
    case HDB_STATEMENT_VACUUM:
        return step_vacuum(replica, statement, error);
    case HDB_STATEMENT_ATTACH:
    case HDB_STATEMENT_DETACH:
    case HDB_STATEMENT_OTHER:
        return step_rows(replica, statement, inspection, fresh, error);
    default:
        return hdb_transaction_step(replica, statement, inspection, error);
    }
}

int hdb_replica_step(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, bool fresh,
                     hdb_error *error) {
    int rc = fresh ? before_first_step(replica, statement, inspection, error) : HDB_OK;
    if (rc != HDB_OK)
        return rc;
    rc = step(replica, statement, inspection, fresh, error);
    if (inspection->kind != HDB_STATEMENT_OTHER || !(inspection->readonly || inspection->is_dml))
        replica->schema_epoch++;
    return rc;
}

int hdb_replica_end(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, hdb_error *error) {
    bool implicit = replica->implicit_transaction && writes_kept(replica, inspection);
    int outer = hdb_hooks_open_window(&replica->hooks);
    int rc = sqlite3_reset(statement) == SQLITE_OK ? HDB_OK : hdb_replica_error(replica, error);
    replica->hooks.window = outer;
    if (inspection->is_dml)
        replica->changes = HDB_CHANGES_OF_SQLITE;
    if (implicit)
        rc = hdb_transaction_finish_implicit(replica, true, error);
    else
        hdb_transaction_notice_rollback(replica);
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
        return hdb_transaction_finish_implicit(replica, keep, error);
    hdb_transaction_notice_rollback(replica);
    return HDB_OK;
}
