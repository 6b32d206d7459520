/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of statements, where they end, and the engine's dialect; SQLite is asked wherever it knows the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "direct/classify.h"
#include "direct/engine_text.h"
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static hdb_sql_class classify(const char *sql) {
    hdb_sql_class class;
    hdb_sql_classify(sql, strlen(sql), &class);
    return class;
}

static void assert_slice(hdb_slice slice, const char *expected) {
    char *text = NULL;
    if (expected == NULL) {
        assert_null(slice.data);
        return;
    }
    assert_non_null(slice.data);
    text = malloc(slice.size + 1);
    assert_non_null(text);
    (void)hdb_dequote(slice, text);
    assert_string_equal(text, expected);
    free(text);
}

static const struct {
    const char *sql;
    enum hdb_sql_kind kind;
    bool dml, first_word_dml;
} kinds[] = {
    {"", HDB_SQL_EMPTY, false, false},
    {" -- nothing\n ; /* x */ ;", HDB_SQL_EMPTY, false, false},
    {"; SELECT 1", HDB_SQL_SELECT, false, false},
    {"begin", HDB_SQL_BEGIN, false, false},
    {"COMMIT TRANSACTION", HDB_SQL_COMMIT, false, false},
    {"End", HDB_SQL_COMMIT, false, false},
    {"ROLLBACK", HDB_SQL_ROLLBACK, false, false},
    {"ROLLBACK TRANSACTION", HDB_SQL_ROLLBACK, false, false},
    {"ROLLBACK TO a", HDB_SQL_ROLLBACK_TO, false, false},
    {"SAVEPOINT a", HDB_SQL_SAVEPOINT, false, false},
    {"RELEASE a", HDB_SQL_RELEASE, false, false},
    {"PRAGMA user_version", HDB_SQL_PRAGMA, false, false},
    {"ATTACH 'x' AS y", HDB_SQL_ATTACH, false, false},
    {"DETACH y", HDB_SQL_DETACH, false, false},
    {"VACUUM", HDB_SQL_VACUUM, false, false},
    {"EXPLAIN DELETE FROM t", HDB_SQL_EXPLAIN, false, false},
    {"/* a */ select 1", HDB_SQL_SELECT, false, false},
    {"VALUES (1)", HDB_SQL_SELECT, false, false},
    {"WITH a AS (SELECT 1) SELECT * FROM a", HDB_SQL_SELECT, false, false},
    {"WITH RECURSIVE a(x) AS NOT MATERIALIZED (SELECT (1)), replace AS (SELECT ')') VALUES (1)", HDB_SQL_SELECT,
     false, false},
    {"WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", HDB_SQL_INSERT, true, false},
    {"WITH delete_me AS (DELETE) UPDATE t SET a = 1", HDB_SQL_UPDATE, true, false},
    {"WITH replace AS (SELECT 1) DELETE FROM t", HDB_SQL_DELETE, true, false},
    {"with a as (select 1) replace into t select 1", HDB_SQL_REPLACE, true, false},
    {"WITH a AS (SELECT 1) DROP TABLE t", HDB_SQL_OTHER, false, false},
    {"-- x\n /* y */ Insert into t values (1)", HDB_SQL_INSERT, true, true},
    {"INSERT OR REPLACE INTO t VALUES (1)", HDB_SQL_INSERT, true, true},
    {"REPLACE INTO t VALUES (1)", HDB_SQL_REPLACE, true, true},
    {"update t set a = 1", HDB_SQL_UPDATE, true, true},
    {"DELETE FROM t", HDB_SQL_DELETE, true, true},
    {"CREATE TABLE t(a)", HDB_SQL_CREATE, false, false},
    {"DROP TABLE t", HDB_SQL_DROP, false, false},
    {"ALTER TABLE t RENAME TO u", HDB_SQL_ALTER, false, false},
    {"ANALYZE", HDB_SQL_ANALYZE, false, false},
    {"REINDEX t", HDB_SQL_REINDEX, false, false},
    {"SHOW BRANCHES", HDB_SQL_OTHER, false, false},
    {"\"select\" 1", HDB_SQL_OTHER, false, false},
};

static void test_kinds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const hdb_sql_class class = classify(kinds[i].sql);
        if (class.kind != kinds[i].kind || class.dml != kinds[i].dml || class.first_word_dml != kinds[i].first_word_dml)
            fail_msg("%s: kind %d, dml %d, first word %d", kinds[i].sql, (int)class.kind, class.dml,
                     class.first_word_dml);
    }
}

static void test_transactions(void **state) {
    (void)state;
    assert_int_equal(classify("BEGIN").begin, HDB_SQL_DEFERRED);
    assert_int_equal(classify("BEGIN DEFERRED TRANSACTION").begin, HDB_SQL_DEFERRED);
    assert_int_equal(classify("BEGIN /**/ immediate").begin, HDB_SQL_IMMEDIATE);
    assert_int_equal(classify("BEGIN EXCLUSIVE TRANSACTION").begin, HDB_SQL_EXCLUSIVE);
    assert_slice(classify("SAVEPOINT \"a\"\"b\"").name, "a\"b");
    assert_slice(classify("RELEASE SAVEPOINT [x y]").name, "x y");
    assert_slice(classify("RELEASE x;").name, "x");
    assert_slice(classify("ROLLBACK TRANSACTION TO SAVEPOINT 'x'").name, "x");
    assert_slice(classify("ROLLBACK TO x").name, "x");
    assert_slice(classify("ROLLBACK").name, NULL);
}

static void test_pragmas(void **state) {
    hdb_sql_class class = classify("PRAGMA main.\"User_Version\" = -12;");
    (void)state;
    assert_slice(class.schema, "main");
    assert_slice(class.name, "User_Version");
    assert_slice(class.argument, "-12");
    assert_true(class.has_argument && class.assigned);
    class = classify("PRAGMA table_info('my ''table')");
    assert_slice(class.schema, NULL);
    assert_slice(class.name, "table_info");
    assert_slice(class.argument, "my 'table");
    assert_true(class.has_argument && !class.assigned);
    class = classify("PRAGMA foreign_keys");
    assert_false(class.has_argument);
    assert_slice(class.argument, NULL);
    assert_slice(classify("PRAGMA journal_mode = delete").argument, "delete");
    assert_slice(classify("PRAGMA x = + 5").argument, "+ 5");
    assert_slice(classify("PRAGMA x =").argument, NULL);
}

static void test_objects(void **state) {
    hdb_sql_class class = classify("CREATE TEMP TABLE IF NOT EXISTS main.[t 1](a)");
    (void)state;
    assert_true(class.temporary);
    assert_slice(class.object, "TABLE");
    assert_slice(class.schema, "main");
    assert_slice(class.name, "t 1");
    class = classify("create unique index i on t(a)");
    assert_slice(class.object, "index");
    assert_slice(class.name, "i");
    class = classify("CREATE VIRTUAL TABLE v USING fts5(a)");
    assert_slice(class.object, "VIRTUAL");
    assert_slice(class.name, "v");
    class = classify("DROP TABLE IF EXISTS 't'");
    assert_slice(class.object, "TABLE");
    assert_slice(class.name, "t");
    assert_slice(classify("ALTER TABLE a.b ADD c").name, "b");
    assert_slice(classify("INSERT OR IGNORE INTO a.b(c) VALUES (1)").schema, "a");
    assert_slice(classify("UPDATE OR FAIL t SET a = 1").name, "t");
    assert_slice(classify("WITH x AS (SELECT 1) DELETE FROM \"t\"").name, "t");
    class = classify("VACUUM main INTO 'x'");
    assert_true(class.into);
    assert_slice(class.schema, "main");
    assert_false(classify("VACUUM").into);
    class = classify("EXPLAIN QUERY PLAN SELECT 1");
    assert_true(class.query_plan);
    assert_slice(class.body, "SELECT 1");
    assert_slice(classify("EXPLAIN COMMIT").body, "COMMIT");
    assert_slice(classify("DETACH DATABASE x").name, "x");
}

/* Scripts in which each statement can be prepared, so that SQLite tells where it ends. */
static void test_statements_end_where_sqlite_ends_them(void **state) {
    static const char *const scripts[] = {
        "SELECT 1; SELECT 2",
        "; ; SELECT ';' ; -- ;\nSELECT 1 AS \";\" /* ; */ ; SELECT 2 AS [;];",
        "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; "
        "SELECT CASE WHEN 1 THEN 2 END; END; SELECT 3;",
        "CREATE TEMP TRIGGER h AFTER DELETE ON t BEGIN SELECT 'END;'; END ; SELECT 4",
        "EXPLAIN CREATE TRIGGER k AFTER DELETE ON t BEGIN SELECT 1; END; SELECT 5",
        "CREATE INDEX trigger ON t(a); SELECT 6",
        "SELECT 7",
    };
    sqlite3 *db = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        for (const char *sql = scripts[i], *tail = NULL; *sql != '\0'; sql = tail) {
            sqlite3_stmt *stmt = NULL;
            assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, &tail), SQLITE_OK);
            assert_int_equal(hdb_sql_statement_length(sql, strlen(sql)), tail - sql);
            (void)sqlite3_step(stmt);
            assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
        }
    }
    sqlite3_close(db);
}

static void check_rewrite(const char *sql, const char *expected, const char *sources) {
    hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
    hdb_buffer out = HDB_BUFFER_INIT, listed = HDB_BUFFER_INIT;
    hdb_error error = HDB_ERROR_INIT;
    assert_int_equal(hdb_sql_rewrite_parameters(sql, strlen(sql), &out, &parameters, &error), HDB_OK);
    assert_string_equal(out.data, expected);
    for (int i = 0; i < parameters.sent; i++)
        hdb_buffer_format(&listed, "%s%d", i == 0 ? "" : " ", parameters.sources[i]);
    assert_string_equal(listed.data == NULL ? "" : listed.data, sources);
    hdb_buffer_free(&out);
    hdb_buffer_free(&listed);
    hdb_sql_parameters_free(&parameters);
}

static void test_parameters_become_numbers(void **state) {
    (void)state;
    check_rewrite("SELECT ?, ?", "SELECT $1, $2", "1 2");
    check_rewrite("SELECT :a, @b, $c, :a, ?", "SELECT $1, $2, $3, $1, $4", "1 2 3 4");
    check_rewrite("SELECT ?5, ?, ?2", "SELECT $1, $2, $3", "5 6 2");
    check_rewrite("SELECT '?', \"?\", `a?\"`, -- ?\n?", "SELECT '?', \"?\", \"a?\"\"\",  \n$1", "1");
    check_rewrite("SELECT :a::date, ?::int, $1::text", "SELECT $1::date, $2::int, $3::text", "1 2 3");
    check_rewrite("SELECT ARRAY[?, ?], E'\\'?' || ?", "SELECT ARRAY[$1, $2], E'\\'?' || $3", "1 2 3");
    check_rewrite("SELECT 1 /* a /* b */", "SELECT 1  ", "");
}

static void test_bad_parameters_are_told(void **state) {
    static const char *const texts[] = {"SELECT ?0", "SELECT ?65536", "SELECT ?99999999999999999999", "DO $$ x $$"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
        hdb_buffer out = HDB_BUFFER_INIT;
        hdb_error error = HDB_ERROR_INIT;
        assert_int_equal(hdb_sql_rewrite_parameters(texts[i], strlen(texts[i]), &out, &parameters, &error), HDB_ERROR);
        assert_true(strlen(hdb_error_message(&error)) > 0);
        hdb_error_clear(&error);
        hdb_buffer_free(&out);
        hdb_sql_parameters_free(&parameters);
    }
}

/* Count and names of the parameters are SQLite's. */
static void test_numbers_follow_sqlite(void **state) {
    static const char *const texts[] = {
        "SELECT ?, ?, ?",          "SELECT :a, :b, :a, @a, $a, ?", "SELECT ?3, ?, :x, ?2, ?05, ?5",
        "SELECT $1, $2, $1, ?1, ?", "SELECT ?1, ?1, :n, ?9",        "SELECT 1",
    };
    sqlite3 *db = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
        hdb_buffer out = HDB_BUFFER_INIT;
        hdb_error error = HDB_ERROR_INIT;
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, texts[i], -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(hdb_sql_rewrite_parameters(texts[i], strlen(texts[i]), &out, &parameters, &error), HDB_OK);
        assert_int_equal(parameters.count, sqlite3_bind_parameter_count(stmt));
        for (int number = 1; number <= parameters.count; number++) {
            const char *name = sqlite3_bind_parameter_name(stmt, number);
            const hdb_slice ours = parameters.names[number - 1];
            assert_int_equal(ours.data == NULL, name == NULL);
            assert_true(name == NULL || (strlen(name) == ours.size && memcmp(name, ours.data, ours.size) == 0));
        }
        sqlite3_finalize(stmt);
        hdb_buffer_free(&out);
        hdb_sql_parameters_free(&parameters);
    }
    sqlite3_close(db);
}

static const struct {
    const char *sql, *word;
} hints[] = {
    {"SELECT to_char(a, 'YYYY') FROM t", "TO_CHAR"},
    {"SELECT 1 WHERE a > date_trunc ('day', b)", "DATE_TRUNC"},
    {"SELECT EXTRACT(year FROM d) FROM t", "EXTRACT"},
    {"SELECT now()", "NOW"},
    {"SELECT age(a)", "AGE"},
    {"SELECT a + INTERVAL '1 day'", "INTERVAL"},
    {"SELECT ?::date", "::"},
    {"SELECT a::text FROM t", "::"},
    {"SELECT v <-> '[1,2]' FROM t", "<->"},
    {"SELECT v<=>? FROM t", "<=>"},
    {"SELECT v <#> ? FROM t", "<#>"},
    {"SELECT * FROM t AS OF TIMESTAMP '2025-01-01'", "AS OF"},
    {"SELECT * FROM t AS OF NOW WHERE a = 1", "AS OF"},
    {"SELECT * FROM t AS OF TRANSACTION 12", "AS OF"},
    {"SELECT * FROM t VERSIONS BETWEEN SCN 1 AND SCN 2", "VERSIONS BETWEEN"},
    {"SELECT * FROM t WHERE a ILIKE ?", "ILIKE"},
    {"SELECT * FROM t WHERE a NOT ILIKE b", "ILIKE"},
    {"CREATE BRANCH x AS OF NOW", "CREATE BRANCH"},
    {"create database branch x from y as of now", "CREATE BRANCH"},
    {"DROP BRANCH IF EXISTS x", "DROP BRANCH"},
    {"MERGE DATABASE BRANCH a INTO b", "MERGE BRANCH"},
    {"; USE BRANCH main", "USE BRANCH"},
    {"SHOW BRANCHES", "SHOW BRANCHES"},
};

static void test_engine_only(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        const char *word = hdb_sql_engine_only_hint(hints[i].sql, strlen(hints[i].sql));
        assert_non_null(word);
        assert_string_equal(word, hints[i].word);
    }
}

static void test_sqlites_own_statements_give_no_hint(void **state) {
    static const char *const texts[] = {
        "SELECT 'now()', \"to_char(\", a -- ::x\nFROM t",
        "SELECT a AS of FROM t",
        "SELECT age, now, extract FROM t",
        "SELECT t.now FROM t",
        "SELECT versions BETWEEN now AND 2 FROM t",
        "SELECT $a::b, a->'x'",
        "SELECT a<-1, a<=-1",
        "SELECT extract('a')",
        "SELECT interval 'x' FROM t",
        "CREATE TABLE branch(a)",
        "SELECT ilike FROM t",
        "SELECT 1; SELECT now()",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *word = hdb_sql_engine_only_hint(texts[i], strlen(texts[i]));
        if (word != NULL)
            fail_msg("%s: %s", texts[i], word);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_pragmas),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_statements_end_where_sqlite_ends_them),
        cmocka_unit_test(test_parameters_become_numbers),
        cmocka_unit_test(test_bad_parameters_are_told),
        cmocka_unit_test(test_numbers_follow_sqlite),
        cmocka_unit_test(test_engine_only),
        cmocka_unit_test(test_sqlites_own_statements_give_no_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
