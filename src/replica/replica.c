/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/replica.h"

#include "record/foreign_tables.h"
#include "replica/program.h"
#include "replica/schema.h"
#include "replica/table_statement.h"
#include "replica/temp_triggers.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether the PRAGMA that is being prepared is about a database whose modes are ours. */
static bool answers_pragma(hdb_replica *replica) {
    const char *database = replica->inspecting->pragma_database;
    const hdb_replica *asked = hdb_replica_find(replica, database ? database : "main");
    return asked && asked->answers_pragmas;
}

static bool is_about_rows(int action) {
    return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE ||
           action == SQLITE_DELETE || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE;
}

/* Called by SQLite while a statement is prepared. Also the schema itself is parsed with this on: then nothing is being
 * inspected. */
static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger) {
    hdb_replica *replica = context;
    const hdb_hooks *hooks = &replica->hooks;
    int verdict = SQLITE_OK, answer = SQLITE_OK;
    if (!is_about_rows(action))
        replica->schema_epoch++;
    if (replica->inspecting)
        verdict = hdb_inspection_note(replica->inspecting, action, first, second, database, trigger);
    if (hooks->authorize && hdb_hooks_in_window(hooks))
        answer = hooks->authorize(hooks->context, action, first, second, database, trigger);
    /* SQLite's own answers to a PRAGMA are right, or the application does not want any. */
    if (verdict == SQLITE_IGNORE && (!answers_pragma(replica) || answer != SQLITE_OK)) {
        replica->inspecting->pragma = HDB_PRAGMA_NONE;
        verdict = SQLITE_OK;
    }
    /* A PRAGMA does its work while it is prepared: what is refused must not get that far. */
    if (replica->inspecting && replica->inspecting->refusal && (replica->store || replica->attached))
        verdict = SQLITE_DENY;
    return answer != SQLITE_OK ? answer : verdict;
}

static const hdb_table *find_table(hdb_replica *kept, const char *name) {
    const hdb_schema *schema = kept->schema;
    if (kept->recent < schema->table_count && strcmp(schema->tables[kept->recent].name, name) == 0)
        return &schema->tables[kept->recent];
    const hdb_table *table = hdb_schema_table(schema, name);
    kept->recent = table ? (int)(table - schema->tables) : 0;
    return table;
}

static void before_change(void *context, sqlite3 *db, int operation, char const *database, char const *table,
                          sqlite3_int64 old_rowid, sqlite3_int64 new_rowid) {
    hdb_replica *replica = context;
    if (replica->internal || strncasecmp(table, "sqlite_stat", 11) == 0)
        return;
    if (replica->hooks.record)
        replica->hooks.record(replica->hooks.record_context, db, operation, database, table);
    hdb_replica *kept = NULL;
    while ((kept = hdb_replica_next_kept(replica, kept)) && strcmp(database, kept->database) != 0)
        ;
    if (!kept)
        return;
    const hdb_table *known = kept->schema ? find_table(kept, table) : NULL;
    hdb_capture_change(kept->capture, db, operation, table, known, old_rowid, new_rowid);
}

/* Within a statement's trigger it is SQLite that counts, from the trigger's first statement on. */
static void changes_function(sqlite3_context *context, int count, sqlite3_value **values) {
    const hdb_replica *replica = sqlite3_user_data(context);
    (void)count, (void)values;
    bool counted = replica->in_dml && (sqlite3_changes64(replica->db) != replica->begun_changes ||
                                       sqlite3_total_changes64(replica->db) != replica->begun_total);
    sqlite3_result_int64(context, counted ? sqlite3_changes64(replica->db) : hdb_replica_changes(replica));
}

static void total_changes_function(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count, (void)values;
    sqlite3_result_int64(context, hdb_replica_total_changes(sqlite3_user_data(context)));
}

/* The argument is the name of the database. */
static void synchronous_function(sqlite3_context *context, int count, sqlite3_value **values) {
    const char *database = (const char *)sqlite3_value_text(values[0]);
    const hdb_replica *asked = database ? hdb_replica_find(sqlite3_user_data(context), database) : NULL;
    (void)count;
    if (asked)
        sqlite3_result_int(context, asked->synchronous);
}

void hdb_replica_register_functions(hdb_replica *replica) {
    sqlite3 *db = replica->db;
    sqlite3_create_function_v2(db, "changes", 0, SQLITE_UTF8, replica, changes_function, NULL, NULL, NULL);
    sqlite3_create_function_v2(db, "total_changes", 0, SQLITE_UTF8, replica, total_changes_function, NULL, NULL, NULL);
    sqlite3_create_function_v2(db, "_hdb_synchronous", 1, SQLITE_UTF8, replica, synchronous_function, NULL, NULL, NULL);
}

void hdb_replica_watch_rows(hdb_replica *replica, bool watch) {
    sqlite3_preupdate_hook(replica->db, watch ? before_change : NULL, watch ? replica : NULL);
}

void hdb_replica_install(hdb_replica *replica) {
    sqlite3_set_authorizer(replica->db, authorize, replica);
    hdb_replica_watch_rows(replica, true);
}

int hdb_replica_create(sqlite3 *db, hdb_replica **out, hdb_error *error) {
    hdb_replica *replica = calloc(1, sizeof *replica);
    if (replica)
        replica->capture = calloc(1, sizeof *replica->capture);
    if (!replica || !replica->capture) {
        free(replica);
        sqlite3_close_v2(db);
        return hdb_error_nomem(error);
    }
    replica->db = db;
    replica->changes = HDB_CHANGES_OF_SQLITE;
    replica->database = "main";
    replica->synchronous = 2;
    replica->schema_version = -1;
    replica->schema_epoch = 1;
    sqlite3_extended_result_codes(db, 1);
    replica->hooks.window = HDB_NO_WINDOW;
    hdb_replica_install(replica);
    hdb_replica_register_functions(replica);
    *out = replica;
    return HDB_OK;
}

/* What each database that is kept has of its own. */
static void forget_own(hdb_replica *replica) {
    hdb_replica_forget_schema(replica);
    hdb_schema_free(replica->schema_before);
    sqlite3_finalize(replica->version_reader);
}

hdb_replica *hdb_replica_next_kept(hdb_replica *replica, const hdb_replica *kept) {
    if (!kept && replica->store)
        return replica;
    return !kept || kept == replica ? replica->attached : kept->next;
}

hdb_replica *hdb_replica_find(hdb_replica *replica, const char *database) {
    if (sqlite3_stricmp(database, "main") == 0)
        return replica;
    hdb_replica *attached = replica->attached;
    while (attached && sqlite3_stricmp(attached->database, database) != 0)
        attached = attached->next;
    return attached;
}

int hdb_replica_attach(hdb_replica *replica, const char *database, hdb_replica **out, hdb_error *error) {
    hdb_replica *attached = calloc(1, sizeof *attached);
    char *name = strdup(database);
    if (attached)
        attached->capture = calloc(1, sizeof *attached->capture);
    if (!attached || !attached->capture || !name) {
        if (attached)
            free(attached->capture);
        free(attached);
        free(name);
        return hdb_error_nomem(error);
    }
    attached->db = replica->db;
    attached->database = name;
    attached->synchronous = 2;
    attached->schema_version = -1;
    attached->next = replica->attached;
    replica->attached = attached;
    *out = attached;
    return HDB_OK;
}

void hdb_replica_detach(hdb_replica *replica, hdb_replica *attached) {
    for (hdb_replica **at = &replica->attached; *at; at = &(*at)->next) {
        if (*at == attached) {
            *at = attached->next;
            break;
        }
    }
    forget_own(attached);
    hdb_capture_free(attached->capture);
    free((char *)attached->database);
    free(attached);
}

void hdb_replica_destroy(hdb_replica *replica) {
    if (!replica)
        return;
    while (replica->attached)
        hdb_replica_detach(replica, replica->attached);
    forget_own(replica);
    replica->hooks.announces = replica->explicit_transaction;
    sqlite3_close_v2(replica->db);
    hdb_capture_free(replica->capture);
    for (int i = 0; i < replica->savepoint_count; i++)
        free(replica->savepoints[i]);
    free(replica->savepoints);
    free(replica);
}

int hdb_replica_error(hdb_replica *replica, hdb_error *error) {
    return hdb_sqlite_error(replica->db, error);
}

int hdb_replica_run(hdb_replica *replica, const char *sql, hdb_error *error) {
    bool internal = replica->internal;
    replica->internal = true;
    int rc = sqlite3_exec(replica->db, sql, NULL, NULL, NULL);
    replica->internal = internal;
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(replica, error);
}

void hdb_replica_forget_schema(hdb_replica *replica) {
    for (int i = 0; replica->schema && replica->readers && i < replica->schema->table_count; i++)
        sqlite3_finalize(replica->readers[i]);
    free(replica->readers);
    replica->readers = NULL;
    hdb_schema_free(replica->schema);
    replica->schema = NULL;
    replica->schema_version = -1;
}

void hdb_replica_forget_all(hdb_replica *replica) {
    hdb_replica_forget_schema(replica);
    sqlite3_finalize(replica->version_reader);
    replica->version_reader = NULL;
    hdb_capture_reset(replica->capture);
}

int hdb_replica_inspect(hdb_replica *replica, const char *sql, hdb_inspection *inspection, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    hdb_inspection_clear(inspection);
    replica->looks_again = true;
    int rc = hdb_replica_prepare(replica, sql, -1, &statement, NULL, inspection, error);
    replica->looks_again = false;
    sqlite3_finalize(statement);
    return rc;
}

static int read_schema_version(hdb_replica *replica, int64_t *out, hdb_error *error) {
    if (!replica->version_reader) {
        char *sql = sqlite3_mprintf("PRAGMA \"%w\".schema_version", replica->database);
        if (!sql)
            return hdb_error_nomem(error);
        int prepared = sqlite3_prepare_v3(replica->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &replica->version_reader, NULL);
        sqlite3_free(sql);
        if (prepared != SQLITE_OK)
            return hdb_replica_error(replica, error);
    }
    int rc = sqlite3_step(replica->version_reader) == SQLITE_ROW ? HDB_OK : hdb_replica_error(replica, error);
    *out = sqlite3_column_int64(replica->version_reader, 0);
    sqlite3_reset(replica->version_reader);
    return rc;
}

int64_t hdb_replica_schema_version(hdb_replica *replica) {
    hdb_error ignored = HDB_ERROR_INIT;
    int64_t version = -1;
    if (read_schema_version(replica, &version, &ignored) != HDB_OK)
        version = -1;
    hdb_error_clear(&ignored);
    return version;
}

int hdb_replica_schema(hdb_replica *replica, const hdb_schema **out, hdb_error *error) {
    hdb_schema *schema = NULL;
    int64_t version = 0;
    int rc = read_schema_version(replica, &version, error);
    if (rc == HDB_OK && (!replica->schema || version != replica->schema_version)) {
        rc = hdb_schema_read(replica->db, replica->database, &schema, error);
        if (rc == HDB_OK) {
            for (int i = 0; i < schema->table_count; i++)
                schema->tables[i].is_foreign = hdb_foreign_find(replica->foreign, schema->tables[i].name) != NULL;
            hdb_replica_forget_schema(replica);
            replica->schema = schema;
            replica->schema_version = version;
        }
    }
    *out = replica->schema;
    return rc;
}

bool hdb_replica_is_settled(const hdb_replica *replica, const hdb_replica *kept) {
    return kept->schema && kept->settled == replica->schema_epoch;
}

int hdb_replica_schema_to_write(hdb_replica *replica, hdb_replica *kept, const hdb_schema **out, hdb_error *error) {
    *out = kept->schema;
    if (hdb_replica_is_settled(replica, kept))
        return HDB_OK;
    int rc = hdb_replica_schema(kept, out, error);
    if (rc == HDB_OK && sqlite3_txn_state(kept->db, kept->database) == SQLITE_TXN_WRITE)
        kept->settled = replica->schema_epoch;
    return rc;
}

sqlite3_stmt *hdb_replica_row_reader(hdb_replica *replica, const hdb_table *table, hdb_error *error) {
    size_t index = (size_t)(table - replica->schema->tables);
    if (!replica->readers)
        replica->readers = calloc((size_t)replica->schema->table_count, sizeof *replica->readers);
    if (!replica->readers) {
        hdb_error_nomem(error);
        return NULL;
    }
    if (!replica->readers[index])
        hdb_table_prepare(replica->db, table, HDB_TABLE_READ_ROW, &replica->readers[index], error);
    return replica->readers[index];
}

/* The words of PRAGMA synchronous; numbers are taken as SQLite does. */
int hdb_synchronous_of(const char *argument) {
    static const char *const names[] = {"off", "normal", "full", "extra"};
    for (int i = 0; i < 4; i++)
        if (strcasecmp(argument, names[i]) == 0)
            return i;
    if (strcasecmp(argument, "on") == 0 || strcasecmp(argument, "yes") == 0 || strcasecmp(argument, "true") == 0)
        return 1;
    return *argument >= '0' && *argument <= '9' ? atoi(argument) & 3 : 0;
}

/* Prepares what stands for an answered PRAGMA. journal_mode and locking_mode keep what they are and say so, which is
 * also what SQLite does when a mode can't be changed. A server's private replica says what a file's does: readers and the writer
 * do not wait for each other there either. */
static int prepare_answer(hdb_replica *replica, const hdb_inspection *inspection, sqlite3_stmt **out) {
    const char *database = inspection->pragma_database ? inspection->pragma_database : "main";
    const char *name = sqlite3_db_filename(replica->db, database);
    bool has_file = name && *name;
    const char *locking = has_file ? "PRAGMA \"%w\".locking_mode" : "SELECT 'normal' AS locking_mode";
    const char *journal = has_file ? "PRAGMA \"%w\".journal_mode" : "SELECT 'wal' AS journal_mode";
    const char *format = inspection->pragma == HDB_PRAGMA_LOCKING_MODE   ? locking
                         : inspection->pragma == HDB_PRAGMA_JOURNAL_MODE ? journal
                         : inspection->pragma_argument                   ? "PRAGMA \"%w\".synchronous = NORMAL"
                                                                         : "SELECT _hdb_synchronous(%Q) AS synchronous";
    char *sql = sqlite3_mprintf(format, database);
    int rc = sql ? sqlite3_prepare_v3(replica->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return rc;
}

/* Whether VACUUM is the first word, past space and comments. */
static bool is_vacuum(const char *sql) {
    for (;;) {
        const char *end = NULL;
        sql += strspn(sql, " \t\n\f\r;");
        if (strncmp(sql, "--", 2) == 0)
            end = strchr(sql, '\n');
        else if (strncmp(sql, "/*", 2) == 0)
            end = strstr(sql + 2, "*/");
        else
            return strncasecmp(sql, "VACUUM", 6) == 0;
        if (!end)
            return false;
        sql = end + (*end == '*' ? 2 : 1);
    }
}

int hdb_replica_prepare(hdb_replica *replica, const char *sql, int64_t length, sqlite3_stmt **out, const char **tail,
                        hdb_inspection *inspection, hdb_error *error) {
    int outer = replica->hooks.window;
    if (!replica->looks_again)
        hdb_hooks_open_window(&replica->hooks);
    replica->inspecting = inspection;
    int rc = sqlite3_prepare_v3(replica->db, sql, length > INT32_MAX ? INT32_MAX : (int)length,
                                SQLITE_PREPARE_PERSISTENT, out, tail);
    replica->inspecting = NULL;
    replica->hooks.window = outer;
    if (rc == SQLITE_OK && inspection->pragma) {
        sqlite3_finalize(*out);
        *out = NULL;
        rc = prepare_answer(replica, inspection, out);
    }
    if (rc == SQLITE_OK && *out && replica->store && replica->store->loads)
        rc = hdb_program_note_opened(replica, *out, inspection);
    if (inspection->refusal && (replica->store || replica->attached))
        rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL, "%s", inspection->refusal);
    else if (rc != SQLITE_OK)
        rc = hdb_replica_error(replica, error);
    else if (inspection->failed)
        rc = hdb_error_nomem(error);
    if (rc != HDB_OK) {
        sqlite3_finalize(*out);
        *out = NULL;
        return rc;
    }
    if (*out) {
        replica->may_be_query_only = replica->may_be_query_only || inspection->sets_query_only;
        replica->may_count_changes = replica->may_count_changes || inspection->sets_count_changes;
        replica->may_have_temp_triggers = replica->may_have_temp_triggers || inspection->makes_temp_trigger;
        inspection->readonly = sqlite3_stmt_readonly(*out);
        /* The authorizer is not asked about VACUUM, nor about a DROP IF EXISTS of what is not there. */
        if (!inspection->readonly && !inspection->noted && is_vacuum(sqlite3_sql(*out)))
            inspection->kind = HDB_STATEMENT_VACUUM;
        /* INSERT INTO b SELECT * FROM a between tables that are alike is done without asking to read `a`. */
        if (inspection->is_dml && !inspection->has_select && sqlite3_strlike("%SELECT%", sqlite3_sql(*out), 0) == 0)
            inspection->uses_all = inspection->uses_main = true;
        if (sqlite3_stmt_isexplain(*out)) {
            inspection->kind = HDB_STATEMENT_OTHER;
            inspection->writes_rows = inspection->changes_schema = inspection->sets_header = inspection->is_dml = false;
        }
        /* DDL is authorized as changes of sqlite_schema too, and a virtual table's declaration as DDL. */
        if (inspection->readonly)
            inspection->changes_schema = inspection->writes_rows = false;
        bool changes_nothing = inspection->readonly || sqlite3_stmt_isexplain(*out);
        for (int i = 0; changes_nothing && i < inspection->use_count; i++)
            inspection->uses[i].changes_schema = inspection->uses[i].writes_rows = inspection->uses[i].sets_header = false;
        if (inspection->changes_schema || inspection->is_temp_ddl || inspection->readonly)
            inspection->is_dml = false;
        for (int i = 0; i < inspection->use_count; i++)
            inspection->is_dml = inspection->is_dml && !inspection->uses[i].changes_schema;
    }
    return HDB_OK;
}

int64_t hdb_replica_changes(const hdb_replica *replica) {
    int64_t changes = replica->changes;
    return changes == HDB_CHANGES_OF_SQLITE ? sqlite3_changes64(replica->db) : changes;
}

int64_t hdb_replica_total_changes(const hdb_replica *replica) {
    return sqlite3_total_changes64(replica->db) - replica->total_offset;
}

hdb_counts hdb_replica_note_counts(const hdb_replica *replica) {
    return (hdb_counts){hdb_replica_changes(replica), hdb_replica_total_changes(replica),
                        sqlite3_last_insert_rowid(replica->db)};
}

void hdb_replica_restore_counts(hdb_replica *replica, const hdb_counts *counts) {
    replica->changes = counts->changes;
    replica->total_offset = sqlite3_total_changes64(replica->db) - counts->total;
    sqlite3_set_last_insert_rowid(replica->db, counts->last_rowid);
}

/* Whether a PRAGMA that the application may have set is on. */
static bool is_on(hdb_replica *replica, const char *pragma) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(replica->db, pragma, -1, &statement, NULL) != SQLITE_OK)
        return false;
    bool on = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    return on;
}

hdb_own_work hdb_replica_begin_own(hdb_replica *replica) {
    hdb_own_work work = {.counts = hdb_replica_note_counts(replica), .internal = replica->internal};
    sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, -1, &work.triggers);
    sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &work.foreign_keys);
    sqlite3_db_config(replica->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &work.defensive);
    work.query_only = replica->may_be_query_only && is_on(replica, "PRAGMA query_only");
    if (work.query_only)
        sqlite3_exec(replica->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    work.count_changes = replica->may_count_changes && is_on(replica, "PRAGMA count_changes");
    if (work.count_changes)
        sqlite3_exec(replica->db, "PRAGMA count_changes = OFF", NULL, NULL, NULL);
    /* Switching any of them expires every prepared statement: only if something could happen. Shadow tables, and the order
     * in sqlite_schema, can't be written while it is defensive. */
    work.defensive = work.defensive && (!replica->schema || replica->schema->has_virtual);
    if (work.defensive)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    work.triggers = work.triggers && replica->schema && replica->schema->has_triggers;
    if (work.triggers)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    if (work.foreign_keys)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
    /* Rows that were written while checks were off are rows all the same. */
    work.checks = replica->schema && replica->schema->may_have_checks && !is_on(replica, "PRAGMA ignore_check_constraints");
    if (work.checks)
        sqlite3_exec(replica->db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
    /* Without the hook SQLite empties a table at one stroke. */
    hdb_replica_watch_rows(replica, false);
    replica->internal = true;
    work.temp_triggers = replica->may_have_temp_triggers ? hdb_temp_triggers_drop(replica->db) : NULL;
    return work;
}

void hdb_replica_end_own(hdb_replica *replica, const hdb_own_work *work) {
    hdb_temp_triggers_restore(replica->db, work->temp_triggers);
    replica->internal = work->internal;
    hdb_replica_watch_rows(replica, true);
    if (work->triggers)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
    if (work->foreign_keys)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    if (work->defensive)
        sqlite3_db_config(replica->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (work->checks)
        sqlite3_exec(replica->db, "PRAGMA ignore_check_constraints = OFF", NULL, NULL, NULL);
    if (work->count_changes)
        sqlite3_exec(replica->db, "PRAGMA count_changes = ON", NULL, NULL, NULL);
    if (work->query_only)
        sqlite3_exec(replica->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    hdb_replica_restore_counts(replica, &work->counts);
}
