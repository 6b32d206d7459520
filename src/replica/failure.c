/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/failure.h"

#include <string.h>

/* Columns of EXPLAIN. */
enum { OPCODE = 1, P1 = 2, P2 = 3, P4 = 5 };
/* What P2 of the opcodes that end a statement is for FAIL. */
enum { ACTION_FAIL = 3 };

static const char *text_of(sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

/* Whether `message` ends with `end`: "UNIQUE constraint failed: t.a" has the column in the program, "t.a". */
static bool ends_with(const char *message, const char *end) {
    size_t size = strlen(message), tail = strlen(end);
    return tail <= size && strcmp(message + size - tail, end) == 0;
}

/* The program of a statement, as rows of EXPLAIN; NULL if there is none. */
static sqlite3_stmt *program_of(sqlite3 *db, sqlite3_stmt *statement) {
    sqlite3_stmt *program = NULL;
    char *sql = sqlite3_mprintf("EXPLAIN %s", sqlite3_sql(statement));
    if (sql)
        sqlite3_prepare_v2(db, sql, -1, &program, NULL);
    sqlite3_free(sql);
    return program;
}

bool hdb_drop_deletes_rows(sqlite3 *db, sqlite3_stmt *statement) {
    sqlite3_stmt *program = program_of(db, statement);
    bool deletes = false;
    while (!deletes && program && sqlite3_step(program) == SQLITE_ROW) {
        const char *opcode = text_of(program, OPCODE);
        deletes = strcmp(opcode, "FkIfZero") == 0 || strcmp(opcode, "FkCounter") == 0;
    }
    sqlite3_finalize(program);
    return deletes;
}

bool hdb_failure_keeps_rows(sqlite3 *db, sqlite3_stmt *statement, int code, const char *message) {
    sqlite3_stmt *program = program_of(db, statement);
    bool keeps = !program; /* as with one that has the check twice */
    while (!keeps && program && sqlite3_step(program) == SQLITE_ROW) {
        const char *opcode = text_of(program, OPCODE);
        keeps = (strcmp(opcode, "Halt") == 0 || strcmp(opcode, "HaltIfNull") == 0) &&
                sqlite3_column_int(program, P1) == code && sqlite3_column_int(program, P2) == ACTION_FAIL &&
                ends_with(message, text_of(program, P4));
    }
    sqlite3_finalize(program);
    return keeps;
}
