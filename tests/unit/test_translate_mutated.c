/* SPDX-License-Identifier: Apache-2.0 */
/* Statements mutated token by token: whatever the translator still accepts, SQLite has to accept too, with the same
 * names of the result's columns and the same number of parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "buffer.h"
#include "direct/translate.h"
#include "rewrite/fixture.h"
#include <cmocka.h>
#include <sqlite3.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define LARGEST_STATEMENT 48

static const char *const statements[] = {
    "SELECT n . id , Body FROM Notes AS n WHERE n . rowid = ?1 LIMIT 1 ;",
    "SELECT ALL * FROM main . notes n WHERE ( id IS -5 )",
    "SELECT \"key\" AS k , day FROM notes WHERE :a = id",
    "SELECT count ( * ) AS n FROM plain",
    "INSERT INTO notes ( id , body , done ) VALUES ( ? , 'x' , TRUE )",
    "INSERT INTO defaults VALUES ( 1 , NULL , @b )",
    "UPDATE notes AS n SET body = $x , price = -7 WHERE n . id = 0x1f",
    "DELETE FROM notes AS n WHERE ( n . oid == ?3 ) ;",
};

static const char *const vocabulary[] = {
    "SELECT", "ALL", "FROM", "WHERE", "AS", "id", "Body", "n", "notes", "main", "rowid", "*", ",", ".", "(",
    ")", "=", "==", "IS", "NOT", "NULL", "TRUE", "1", "-", "'x'", "\"id\"", "[key]", "?", "?2", ":a", "LIMIT",
    "count", ";", "AND", "+", "key", "COLLATE", "IN", "DO", "ORDER", "BY", "VALUES", "SET", "x'00'", "LEFT",
    "of", "cast", "raise", "match", "like", "plan", "temp", "replace", "/* c */", "current", "over", "filter",
    "window", "ISNULL", "end", "indexed", "recursive", "rows", "row", "if", "generated", "with", "without",
    "materialized", "glob", "regexp",
};

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Splits a statement at its spaces; the comment of the vocabulary only comes in later. */
static size_t split(char *text, const char **out) {
    size_t count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        out[count++] = word;
    return count;
}

static size_t mutate(const char **words, size_t count, uint32_t *seed) {
    const char *other = vocabulary[next_random(seed) % COUNT_OF(vocabulary)];
    const size_t at = next_random(seed) % count;
    switch (next_random(seed) % 4) {
    case 0: /* take one away */
        memmove(words + at, words + at + 1, (count - at - 1) * sizeof *words);
        return count - 1;
    case 1: /* put one in */
        memmove(words + at + 1, words + at, (count - at) * sizeof *words);
        words[at] = other;
        return count + 1;
    case 2: /* swap it with another of the statement */
        other = words[next_random(seed) % count];
        break;
    default:
        break;
    }
    words[at] = other;
    return count;
}

static void assert_agreement(sqlite3 *db, const char *sql, const hdb_plan *plan) {
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("accepted, but SQLite says %s: %s", sqlite3_errmsg(db), sql);
    if (sqlite3_bind_parameter_count(stmt) != plan->parameter_count || sqlite3_column_count(stmt) != plan->column_count)
        fail_msg("other counts than SQLite's: %s", sql);
    for (int i = 0; i < plan->column_count; i++) {
        if (strcmp(sqlite3_column_name(stmt, i), plan->columns[i].name) != 0)
            fail_msg("column %d is %s, SQLite's %s: %s", i, plan->columns[i].name, sqlite3_column_name(stmt, i), sql);
    }
    sqlite3_finalize(stmt);
}

static void test_what_is_accepted_is_sqlites(void **state) {
    uint32_t seed = 42;
    int accepted = 0;
    sqlite3 *db = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, fixture_ddl, NULL, NULL, NULL), SQLITE_OK);
    for (int round = 0; round < 200000; round++) {
        const char *words[LARGEST_STATEMENT] = {NULL};
        char text[128];
        hdb_buffer sql = HDB_BUFFER_INIT;
        hdb_plan plan;
        enum hdb_refusal why = HDB_REFUSED_NOT;
        strcpy(text, statements[next_random(&seed) % COUNT_OF(statements)]);
        size_t count = split(text, words);
        for (uint32_t times = 1 + next_random(&seed) % 3; times > 0; times--)
            count = mutate(words, count, &seed);
        for (size_t i = 0; i < count; i++) {
            hdb_buffer_text(&sql, words[i]);
            hdb_buffer_char(&sql, ' ');
        }
        const int rc = hdb_translate(sql.data, sql.size, &fixture_schema, HDB_PEER_HELIOSDB, &plan, &why);
        assert_true(rc == HDB_OK || (rc == HDB_NOTSUPPORTED && why != HDB_REFUSED_NOT));
        if (rc == HDB_OK) {
            accepted++;
            assert_agreement(db, sql.data, &plan);
        }
        hdb_plan_clear(&plan);
        hdb_buffer_free(&sql);
    }
    sqlite3_close(db);
    assert_true(accepted > 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_accepted_is_sqlites)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
