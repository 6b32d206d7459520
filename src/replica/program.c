/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/program.h"

#include <string.h>

/* Columns of EXPLAIN. */
enum { OPCODE = 1, P1 = 2, P2 = 3, P3 = 4, P4 = 5 };
/* What P2 of the opcodes that end a statement is for FAIL. */
enum { ACTION_FAIL = 3 };

/* The program of a statement, an opcode a row. */
struct program {
    hdb_replica *replica;
    hdb_counts counts;
    sqlite3_stmt *rows; /* NULL: there is none */
    int rc;             /* SQLITE_OK until SQLite fails */
};

static struct program open_program(hdb_replica *replica, sqlite3_stmt *statement) {
    struct program opened = {.replica = replica, .counts = hdb_replica_note_counts(replica)};
    char *sql = sqlite3_mprintf("EXPLAIN %s", sqlite3_sql(statement));
    opened.rc = sql ? sqlite3_prepare_v2(replica->db, sql, -1, &opened.rows, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return opened;
}

static bool next(struct program *program) {
    if (program->rc != SQLITE_OK)
        return false;
    int rc = sqlite3_step(program->rows);
    program->rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    return rc == SQLITE_ROW;
}

static int close_program(struct program *program) {
    sqlite3_finalize(program->rows);
    hdb_replica_restore_counts(program->replica, &program->counts);
    return program->rc;
}

static int operand(const struct program *program, int column) {
    return sqlite3_column_int(program->rows, column);
}

static const char *text_of(const struct program *program, int column) {
    const char *text = (const char *)sqlite3_column_text(program->rows, column);
    return text ? text : "";
}

static bool is(const struct program *program, const char *opcode) {
    return strcmp(text_of(program, OPCODE), opcode) == 0;
}

/* Columns that USING and NATURAL compare are looked up by SQLite without asking the authorizer. They may stand in the
 * body of a view or a trigger, too. */
static bool may_read_unseen(sqlite3_stmt *statement, const hdb_inspection *inspection) {
    const char *text = sqlite3_sql(statement);
    return inspection->uses_body || sqlite3_strlike("%USING%", text, 0) == 0 || sqlite3_strlike("%NATURAL%", text, 0) == 0;
}

static void note_root(sqlite3_stmt *find, hdb_inspection *inspection, int root) {
    sqlite3_bind_int(find, 1, root);
    if (sqlite3_step(find) == SQLITE_ROW)
        hdb_inspection_note_table(inspection, (const char *)sqlite3_column_text(find, 0));
    sqlite3_reset(find);
}

int hdb_program_note_opened(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection) {
    sqlite3_stmt *find = NULL;
    if (sqlite3_stmt_isexplain(statement) || !may_read_unseen(statement, inspection))
        return SQLITE_OK;
    struct program program = open_program(replica, statement);
    if (program.rc == SQLITE_OK)
        program.rc = sqlite3_prepare_v2(replica->db, "SELECT tbl_name FROM main.sqlite_schema WHERE rootpage = ?1", -1, &find,
                                        NULL);
    while (next(&program)) {
        bool opens = is(&program, "OpenRead") || is(&program, "OpenWrite") || is(&program, "ReopenIdx");
        if (opens && operand(&program, P3) == 0)
            note_root(find, inspection, operand(&program, P2));
    }
    sqlite3_finalize(find);
    return close_program(&program);
}

/* Appends the name of the table with a root page, if it is one and no index. */
static int add_emptied(sqlite3 *db, char **names, const char *database, int root) {
    sqlite3_stmt *find = NULL;
    char *sql = sqlite3_mprintf("SELECT name FROM \"%w\".sqlite_schema WHERE rootpage = %d AND type = 'table'", database, root);
    int rc = sql ? sqlite3_prepare_v2(db, sql, -1, &find, NULL) : SQLITE_NOMEM;
    if (rc == SQLITE_OK && sqlite3_step(find) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(find, 0);
        char *longer = name ? sqlite3_mprintf("%s%s.%s\n", *names ? *names : "", database, name) : NULL;
        sqlite3_free(*names);
        *names = longer;
        rc = longer ? SQLITE_OK : SQLITE_NOMEM;
    }
    int ended = sqlite3_finalize(find);
    sqlite3_free(sql);
    return rc == SQLITE_OK ? ended : rc;
}

int hdb_program_emptied(hdb_replica *replica, sqlite3_stmt *statement, char **out) {
    static const char *const databases[] = {"main", "temp"};
    *out = NULL;
    /* SQLite makes its program as if nobody looked at the rows. */
    hdb_replica_watch_rows(replica, false);
    struct program program = open_program(replica, statement);
    hdb_replica_watch_rows(replica, true);
    while (next(&program)) {
        int database = operand(&program, P2);
        if (is(&program, "Clear") && database < 2)
            program.rc = add_emptied(replica->db, out, databases[database], operand(&program, P1));
    }
    return (close_program(&program) & 0xff) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_OK;
}

/* Whether `message` ends with `end`: "UNIQUE constraint failed: t.a" has the column in the program, "t.a". */
static bool ends_with(const char *message, const char *end) {
    size_t size = strlen(message), tail = strlen(end);
    return tail <= size && strcmp(message + size - tail, end) == 0;
}

bool hdb_program_keeps_rows(hdb_replica *replica, sqlite3_stmt *statement, int code, const char *message) {
    struct program program = open_program(replica, statement);
    bool keeps = !program.rows; /* as with one that has the check twice */
    while (!keeps && next(&program))
        keeps = (is(&program, "Halt") || is(&program, "HaltIfNull")) && operand(&program, P1) == code &&
                operand(&program, P2) == ACTION_FAIL && ends_with(message, text_of(&program, P4));
    close_program(&program);
    return keeps;
}

bool hdb_program_deletes_rows(hdb_replica *replica, sqlite3_stmt *statement) {
    struct program program = open_program(replica, statement);
    bool deletes = false;
    while (!deletes && next(&program))
        deletes = is(&program, "FkIfZero") || is(&program, "FkCounter");
    close_program(&program);
    return deletes;
}
