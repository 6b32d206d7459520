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

bool hdb_failure_keeps_rows(sqlite3 *db, sqlite3_stmt *statement, int code, const char *message) {
    sqlite3_stmt *program = NULL;
    bool keeps = false;
    char *sql = sqlite3_mprintf("EXPLAIN %s", sqlite3_sql(statement));
    if (!sql || sqlite3_prepare_v2(db, sql, -1, &program, NULL) != SQLITE_OK)
        keeps = true; /* as with one that has the check twice */
    while (!keeps && program && sqlite3_step(program) == SQLITE_ROW) {
        const char *opcode = text_of(program, OPCODE);
        keeps = (strcmp(opcode, "Halt") == 0 || strcmp(opcode, "HaltIfNull") == 0) &&
                sqlite3_column_int(program, P1) == code && sqlite3_column_int(program, P2) == ACTION_FAIL &&
                ends_with(message, text_of(program, P4));
    }
    sqlite3_finalize(program);
    sqlite3_free(sql);
    return keeps;
}
