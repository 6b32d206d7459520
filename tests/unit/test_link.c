/* SPDX-License-Identifier: Apache-2.0 */
/* The link, on real servers: an in-memory HeliosDB of its own, and the PostgreSQL that HELIOSDB_TEST_DSN_POSTGRESQL
 * names. Every test of the list below runs on both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buffer.h"
#include "engine_fixture.h"
#include "link/embedded.h"
#include "link/engine_files.h"
#include "link/link.h"
#include "record/session.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static hdb_error error = HDB_ERROR_INIT;
static hdb_engine *engine;
static hdb_link *link_;
static char *dsn[3]; /* by enum hdb_peer */
static const enum hdb_peer heliosdb = HDB_PEER_HELIOSDB, postgresql = HDB_PEER_POSTGRESQL;

static int start(void **state) {
    hdb_engine_options options = {.directory = NULL};
    const char *other = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");

    if (hdb_engine_open(&options, &engine, &error) != HDB_OK ||
        hdb_engine_conninfo(engine, &dsn[HDB_PEER_HELIOSDB], &error) != HDB_OK) {
        fprintf(stderr, "%s\n", hdb_error_message(&error));
        return -1;
    }
    dsn[HDB_PEER_POSTGRESQL] = other != NULL ? strdup(other) : NULL;
    return 0;
}

static int stop(void **state) {
    hdb_engine_close(engine);
    free(dsn[HDB_PEER_HELIOSDB]);
    free(dsn[HDB_PEER_POSTGRESQL]);
    return 0;
}

/* HeliosDB goes on with a statement that was given up, and may take no connection until that has ended. */
enum { CONNECT_MS = 60000 };

static int setup(void **state) {
    enum hdb_peer peer = *(const enum hdb_peer *)*state;

    hdb_error_clear(&error);
    if (dsn[peer] == NULL)
        return 0;
    if (hdb_link_open(dsn[peer], CONNECT_MS, NULL, &link_, &error) != HDB_OK) {
        fprintf(stderr, "%s\n", hdb_error_message(&error));
        return -1;
    }
    hdb_link_script(link_, "DROP TABLE IF EXISTS t", &error);
    hdb_error_clear(&error);
    return 0;
}

static int teardown(void **state) {
    hdb_link_close(link_);
    link_ = NULL;
    hdb_error_clear(&error);
    return 0;
}

static enum hdb_peer peer_or_skip(void **state) {
    enum hdb_peer peer = *(const enum hdb_peer *)*state;

    if (link_ == NULL) {
        print_message("no PostgreSQL: HELIOSDB_TEST_DSN_POSTGRESQL is not set\n");
        skip();
    }
    return peer;
}

/* --- shorthands --- */

#define TEXT(literal) hdb_value_text(literal, sizeof(literal) - 1)
#define BLOB(literal) hdb_value_blob(literal, sizeof(literal) - 1)
#define INTEGER(number) hdb_value_integer(number)
#define REAL(number) hdb_value_real(number)
#define NOTHING hdb_value_null()
#define VALUES(...) (const hdb_value[]){__VA_ARGS__}, (int)(sizeof((const hdb_value[]){__VA_ARGS__}) / sizeof(hdb_value))

static void script(const char *sql) {
    assert_ok(hdb_link_script(link_, sql, &error));
}

static void run(const char *sql, const hdb_value *params, int count) {
    assert_ok(hdb_link_query(link_, sql, params, count, HDB_ROWS_NATIVE, NULL, &error));
}

static hdb_rows *fetch(const char *sql, const hdb_value *params, int count, enum hdb_row_format format) {
    hdb_rows *rows = NULL;

    assert_ok(hdb_link_query(link_, sql, params, count, format, &rows, &error));
    assert_non_null(rows);
    return rows;
}

static int64_t number(const char *sql) {
    hdb_rows *rows = fetch(sql, NULL, 0, HDB_ROWS_NATIVE);
    int64_t result;

    assert_int_equal(hdb_rows_count(rows), 1);
    assert_int_equal(hdb_rows_cell(rows, 0, 0).type, HDB_TYPE_INTEGER);
    result = hdb_rows_cell(rows, 0, 0).as.integer;
    hdb_rows_free(rows);
    return result;
}

static void assert_same(hdb_value got, hdb_value expected) {
    assert_int_equal(got.type, expected.type);
    assert_true(hdb_value_identical(&got, &expected));
}

static void assert_fails(const char *sql, int code, const char *sqlstate) {
    hdb_rows *rows = (hdb_rows *)&error;

    assert_int_equal(hdb_link_query(link_, sql, NULL, 0, HDB_ROWS_NATIVE, &rows, &error), code & 0xff);
    assert_null(rows);
    assert_int_equal(error.code, code);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_true(strlen(hdb_error_message(&error)) > 0);
    assert_true(hdb_link_is_alive(link_));
}

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- values --- */

static void test_peer_is_told(void **state) {
    enum hdb_peer peer = peer_or_skip(state);

    assert_int_equal(hdb_link_peer(link_), peer);
    assert_true(hdb_link_is_alive(link_));
}

static void test_values_round_trip(void **state) {
    static const double reals[] = {0.0, -0.0, 0.1,     1e308,    -1e308,    DBL_MAX,           DBL_MIN,
                                   4.9406564584124654e-324, INFINITY, -INFINITY, 1.0 / 3, 123456789012345680.0};
    static const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_C(9007199254740993), -2147483649};
    char every[256];
    int64_t key = 0;
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, i BIGINT, f DOUBLE PRECISION, s TEXT, b BYTEA)");
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        run("INSERT INTO t(k, f) VALUES($1, $2)", VALUES(INTEGER(key++), REAL(reals[i])));
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        run("INSERT INTO t(k, i) VALUES($1, $2)", VALUES(INTEGER(key++), INTEGER(integers[i])));
    for (int i = 0; i < 256; i++)
        every[i] = (char)i;
    run("INSERT INTO t(k, b) VALUES($1, $2)", VALUES(INTEGER(100), hdb_value_blob(every, 256)));
    run("INSERT INTO t(k, b) VALUES($1, $2)", VALUES(INTEGER(101), hdb_value_blob(NULL, 0)));
    run("INSERT INTO t(k, s) VALUES($1, $2)", VALUES(INTEGER(102), hdb_value_text(every + 1, 127)));
    run("INSERT INTO t(k, s) VALUES($1, $2)", VALUES(INTEGER(103), hdb_value_text(NULL, 0)));
    run("INSERT INTO t(k, s) VALUES($1, $2)", VALUES(INTEGER(104), TEXT("h\xc3\xa9 \xf0\x9f\x98\x80 $1 ? ' \" \\N")));
    run("INSERT INTO t(k, i, f, s, b) VALUES($1, $2, $3, $4, $5)",
        VALUES(INTEGER(105), NOTHING, NOTHING, NOTHING, NOTHING));
    for (int format = HDB_ROWS_NATIVE; format <= HDB_ROWS_SHOWN; format++) {
        int row = 0;
        rows = fetch("SELECT k, i, f, s, b FROM t ORDER BY k", NULL, 0, format);
        for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
            assert_same(hdb_rows_cell(rows, row++, 2), REAL(reals[i]));
        for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
            assert_same(hdb_rows_cell(rows, row++, 1), INTEGER(integers[i]));
        assert_same(hdb_rows_cell(rows, row++, 4), hdb_value_blob(every, 256));
        assert_same(hdb_rows_cell(rows, row++, 4), hdb_value_blob("", 0));
        assert_same(hdb_rows_cell(rows, row++, 3), hdb_value_text(every + 1, 127));
        assert_same(hdb_rows_cell(rows, row++, 3), hdb_value_text("", 0));
        assert_same(hdb_rows_cell(rows, row++, 3), TEXT("h\xc3\xa9 \xf0\x9f\x98\x80 $1 ? ' \" \\N"));
        for (int column = 1; column < 5; column++)
            assert_same(hdb_rows_cell(rows, row, column), NOTHING);
        assert_int_equal(hdb_rows_count(rows), row + 1);
        hdb_rows_free(rows);
    }
}

static void test_nan_comes_back(void **state) {
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(f DOUBLE PRECISION)");
    run("INSERT INTO t VALUES($1)", VALUES(REAL(NAN)));
    rows = fetch("SELECT f FROM t", NULL, 0, HDB_ROWS_NATIVE);
    assert_true(isnan(hdb_rows_cell(rows, 0, 0).as.real));
    hdb_rows_free(rows);
}

static void test_bad_text_is_refused(void **state) {
    peer_or_skip(state);
    script("CREATE TABLE t(s TEXT)");
    assert_int_not_equal(hdb_link_query(link_, "INSERT INTO t VALUES($1)", VALUES(TEXT("a\xff")), HDB_ROWS_NATIVE,
                                        NULL, &error),
                         HDB_OK);
    assert_true(hdb_link_is_alive(link_));
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

static void test_null_takes_any_type(void **state) {
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, v BIGINT)");
    for (int64_t i = 0; i < 6; i++)
        run("INSERT INTO t VALUES($1, $2)", VALUES(INTEGER(i), i % 2 ? INTEGER(i) : NOTHING));
    assert_int_equal(number("SELECT count(v) FROM t"), 3);
    rows = fetch("SELECT $1 IS NULL", VALUES(NOTHING), HDB_ROWS_NATIVE);
    assert_same(hdb_rows_cell(rows, 0, 0), INTEGER(1));
    hdb_rows_free(rows);
}

static void test_types_of_the_server_are_fed_from_text(void **state) {
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, ts TIMESTAMP, j JSONB, i INT, n NUMERIC)");
    for (int64_t i = 0; i < 2; i++)
        run("INSERT INTO t VALUES($1, $2, $3, $4, $5)",
            VALUES(INTEGER(i), TEXT("2024-02-03 04:05:06"), TEXT("{\"a\": 1}"), INTEGER(7), TEXT("12.50")));
    rows = fetch("SELECT k FROM t WHERE ts > $1 AND i = $2", VALUES(TEXT("2024-01-01"), TEXT("7")), HDB_ROWS_NATIVE);
    assert_int_equal(hdb_rows_count(rows), 2);
    hdb_rows_free(rows);
    rows = fetch("SELECT substr('hello', $1)", VALUES(INTEGER(2)), HDB_ROWS_NATIVE);
    assert_same(hdb_rows_cell(rows, 0, 0), TEXT("ello"));
    hdb_rows_free(rows);
    rows = fetch("SELECT n, i FROM t", NULL, 0, HDB_ROWS_SHOWN);
    assert_same(hdb_rows_cell(rows, 0, 0), REAL(12.5));
    assert_same(hdb_rows_cell(rows, 0, 1), INTEGER(7));
    assert_string_equal(hdb_rows_type(rows, 0), "numeric");
    hdb_rows_free(rows);
}

static void test_too_many_parameters(void **state) {
    hdb_value *values = calloc(70000, sizeof *values);

    peer_or_skip(state);
    assert_int_equal(hdb_link_query(link_, "SELECT 1", values, 70000, HDB_ROWS_NATIVE, NULL, &error), HDB_TOOBIG);
    assert_int_equal(number("SELECT 1"), 1);
    free(values);
}

static void test_a_comma_locale_changes_nothing(void **state) {
    static const char *const names[] = {"fr_FR.UTF-8", "de_DE.UTF-8", "fr_FR", "de_DE"};
    bool set = false;
    hdb_rows *rows;

    peer_or_skip(state);
    for (int i = 0; i < 4 && !set; i++)
        set = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!set) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    script("CREATE TABLE t(f DOUBLE PRECISION)");
    assert_ok(hdb_link_copy_start(link_, "COPY t FROM STDIN", &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(REAL(1.5)), &error));
    assert_ok(hdb_link_copy_end(link_, &error));
    rows = fetch("SELECT f FROM t", NULL, 0, HDB_ROWS_SHOWN);
    setlocale(LC_NUMERIC, "C");
    assert_same(hdb_rows_cell(rows, 0, 0), REAL(1.5));
    hdb_rows_free(rows);
}

/* --- statements --- */

static void test_rows_describe_themselves(void **state) {
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, \"Mixed Case\" TEXT)");
    rows = fetch("INSERT INTO t VALUES (1, 'a'), (2, 'b')", NULL, 0, HDB_ROWS_NATIVE);
    assert_int_equal(hdb_rows_affected(rows), 2);
    assert_int_equal(hdb_rows_count(rows), 0);
    hdb_rows_free(rows);
    rows = fetch("SELECT k, \"Mixed Case\" FROM t WHERE k = $1", VALUES(INTEGER(9)), HDB_ROWS_NATIVE);
    assert_int_equal(hdb_rows_count(rows), 0);
    assert_int_equal(hdb_rows_columns(rows), 2);
    assert_string_equal(hdb_rows_name(rows, 0), "k");
    assert_string_equal(hdb_rows_name(rows, 1), "Mixed Case");
    assert_string_equal(hdb_rows_type(rows, 0), "bigint");
    assert_string_equal(hdb_rows_type(rows, 1), "text");
    assert_int_equal(hdb_rows_affected(rows), -1);
    hdb_rows_free(rows);
    rows = fetch("DELETE FROM t WHERE k = $1 RETURNING \"Mixed Case\"", VALUES(INTEGER(2)), HDB_ROWS_NATIVE);
    assert_int_equal(hdb_rows_affected(rows), 1);
    assert_same(hdb_rows_cell(rows, 0, 0), TEXT("b"));
    hdb_rows_free(rows);
    hdb_rows_free(NULL);
}

static void test_a_changed_table_is_read_as_it_is_now(void **state) {
    const hdb_value values[] = {INTEGER(12345678), TEXT("12345678")};
    hdb_rows *rows;

    peer_or_skip(state);
    for (int round = 0; round < 2; round++) {
        script(round == 0 ? "CREATE TABLE t(a BIGINT)" : "CREATE TABLE t(a TEXT)");
        run("INSERT INTO t VALUES($1)", &values[round], 1);
        for (int wider = 0; wider < 2; wider++) {
            rows = fetch("SELECT * FROM t", NULL, 0, HDB_ROWS_NATIVE);
            assert_int_equal(hdb_rows_columns(rows), 1 + wider);
            assert_same(hdb_rows_cell(rows, 0, 0), values[round]);
            hdb_rows_free(rows);
            if (wider == 0)
                script("ALTER TABLE t ADD COLUMN b BYTEA");
        }
        script("DROP TABLE t");
    }
}

static void test_more_texts_than_are_kept(void **state) {
    char sql[64];

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT)");
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 300; i++) {
            snprintf(sql, sizeof sql, "INSERT INTO t VALUES($1 + %d)", i);
            run(sql, VALUES(INTEGER(round)));
        }
    assert_int_equal(number("SELECT count(*) FROM t"), 600);
}

static void test_errors_have_codes(void **state) {
    enum hdb_peer peer = peer_or_skip(state);

    /* Tables of their own: HeliosDB keeps a dropped table's CHECK and FOREIGN KEY for the next one of that name. */
    script("DROP TABLE IF EXISTS child; DROP TABLE IF EXISTS parent");
    script("CREATE TABLE parent(k BIGINT PRIMARY KEY, v BIGINT NOT NULL CHECK (v > 0))");
    script("CREATE TABLE child(k BIGINT REFERENCES parent(k))");
    script("INSERT INTO parent VALUES (1, 1)");
    assert_fails("SELEC 1", HDB_ERROR, "42601");
    if (peer == HDB_PEER_POSTGRESQL)
        assert_int_equal(error.offset, 0);
    assert_fails("SELECT '\xc3\xa9', nope FROM parent", HDB_ERROR, "42703");
    if (peer == HDB_PEER_POSTGRESQL)
        assert_int_equal(error.offset, 13); /* bytes, though the server counts characters */
    assert_fails("SELECT * FROM nope", HDB_ERROR, "42P01");
    assert_fails("INSERT INTO parent VALUES (1, 2)", 2067, "23505");
    assert_fails("INSERT INTO parent VALUES (2, NULL)", 1299, peer == HDB_PEER_POSTGRESQL ? "23502" : "23000");
    assert_fails("INSERT INTO parent VALUES (2, 0)", 275, "23514");
    assert_fails("INSERT INTO child VALUES (5)", 787, "23503");
    assert_int_equal(number("SELECT count(*) FROM parent"), 1);
}

static void test_script_is_one_unit(void **state) {
    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY)");
    assert_int_equal(hdb_link_script(link_, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)", &error),
                     HDB_CONSTRAINT);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    script("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)");
    assert_int_equal(number("SELECT count(*) FROM t"), 2);
}

/* --- pipelines --- */

static void test_pipeline(void **state) {
    int failed = 7;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, v TEXT)");
    assert_ok(hdb_link_sync(link_, NULL, &error)); /* of nothing */
    for (int64_t i = 0; i < 3000; i++)
        assert_ok(hdb_link_send(link_, i % 2 ? "INSERT INTO t(k, v) VALUES($1, $2)" : "INSERT INTO t(v, k) VALUES($2, $1)",
                                VALUES(INTEGER(i), i % 3 ? TEXT("value") : NOTHING), &error));
    assert_ok(hdb_link_sync(link_, &failed, &error));
    assert_int_equal(failed, -1);
    assert_int_equal(number("SELECT count(*) FROM t"), 3000);
    assert_int_equal(number("SELECT count(v) FROM t"), 2000);
}

/* Both socket buffers are full long before the last statement is sent. */
static void test_pipeline_of_much_data(void **state) {
    enum { SIZE = 64 * 1024 };
    char *data = malloc(SIZE);

    peer_or_skip(state);
    memset(data, 'x', SIZE);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, v BYTEA)");
    for (int64_t i = 0; i < 500; i++)
        assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1, $2)", VALUES(INTEGER(i), hdb_value_blob(data, SIZE)),
                                &error));
    assert_ok(hdb_link_sync(link_, NULL, &error));
    assert_int_equal(number("SELECT count(*) FROM t"), 500);
    free(data);
}

static void test_pipeline_tells_what_failed(void **state) {
    int failed = -1;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY)");
    for (int64_t i = 0; i < 10; i++)
        assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(i == 6 ? 2 : i)), &error));
    assert_int_equal(hdb_link_sync(link_, &failed, &error), HDB_CONSTRAINT);
    assert_int_equal(error.code, 2067);
    assert_int_equal(failed, 6);
    assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(50)), &error));
    assert_ok(hdb_link_sync(link_, &failed, &error));
    assert_int_equal(failed, -1);
}

static void test_a_refused_prepare_is_forgotten(void **state) {
    int failed = -1;

    peer_or_skip(state);
    for (int64_t i = 0; i < 3; i++)
        assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(i)), &error));
    assert_ok(hdb_link_send(link_, "INSERT INTO t(k) VALUES($1)", VALUES(INTEGER(9)), &error));
    assert_int_equal(hdb_link_sync(link_, &failed, &error), HDB_ERROR);
    assert_int_equal(failed, 0);
    assert_string_equal(error.sqlstate, "42P01");
    script("CREATE TABLE t(k BIGINT PRIMARY KEY)");
    assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(1)), &error));
    assert_ok(hdb_link_send(link_, "INSERT INTO t(k) VALUES($1)", VALUES(INTEGER(2)), &error));
    assert_ok(hdb_link_sync(link_, NULL, &error));
    run("INSERT INTO t VALUES($1)", VALUES(INTEGER(3)));
    assert_int_equal(number("SELECT count(*) FROM t"), 3);
}

static void test_nothing_else_in_a_pipeline(void **state) {
    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT)");
    assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(1)), &error));
    assert_int_equal(hdb_link_query(link_, "SELECT 1", NULL, 0, HDB_ROWS_NATIVE, NULL, &error), HDB_INTERNAL);
    assert_int_equal(hdb_link_script(link_, "SELECT 1", &error), HDB_INTERNAL);
    assert_ok(hdb_link_sync(link_, NULL, &error));
    assert_int_equal(number("SELECT count(*) FROM t"), 1);
}

/* --- streams --- */

struct seen {
    int64_t rows, sum, enough;
};

static int see(void *context, const hdb_value *cells, int count) {
    struct seen *seen = context;

    if (count != 2 || cells[0].type != HDB_TYPE_INTEGER || cells[1].type != HDB_TYPE_BLOB ||
        cells[1].as.bytes.size != 2)
        return HDB_CORRUPT;
    seen->sum += cells[0].as.integer;
    return ++seen->rows == seen->enough ? HDB_ABORT : HDB_OK;
}

static void fill(int64_t rows) {
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, b BYTEA, v TEXT)");
    assert_ok(hdb_link_copy_start(link_, "COPY t FROM STDIN", &error));
    for (int64_t i = 0; i < rows; i++)
        assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(i), BLOB("\x00\xff"), TEXT("some text to look through")), &error));
    assert_ok(hdb_link_copy_end(link_, &error));
}

static void test_stream(void **state) {
    struct seen seen = {0, 0, -1};

    peer_or_skip(state);
    fill(20000);
    for (int format = HDB_ROWS_NATIVE; format <= HDB_ROWS_SHOWN; format++) {
        seen = (struct seen){0, 0, -1};
        assert_ok(hdb_link_stream(link_, "SELECT k, b FROM t WHERE k >= $1 ORDER BY k", VALUES(INTEGER(100)), format, see,
                                  &seen, &error));
        assert_int_equal(seen.rows, 19900);
        assert_int_equal(seen.sum, (int64_t)20000 * 19999 / 2 - 100 * 99 / 2);
    }
    seen = (struct seen){0, 0, 3};
    assert_int_equal(hdb_link_stream(link_, "SELECT k, b FROM t", NULL, 0, HDB_ROWS_NATIVE, see, &seen, &error),
                     HDB_ABORT);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(number("SELECT count(*) FROM t"), 20000);
    assert_int_equal(hdb_link_stream(link_, "SELECT nope FROM parent", NULL, 0, HDB_ROWS_NATIVE, see, &seen, &error),
                     HDB_ERROR);
    assert_int_equal(number("SELECT 1"), 1);
}

/* All rows, and what somebody else does once the first of them has come. */
struct moment {
    hdb_link *other;
    int64_t rows, started_us, first_us;
};

static int64_t now_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int meddle(void *context, const hdb_value *cells, int count) {
    struct moment *moment = context;

    (void)count;
    if (moment->rows++ == 0) {
        moment->first_us = now_us() - moment->started_us;
        if (moment->other != NULL)
            assert_ok(hdb_link_script(moment->other,
                                      "INSERT INTO t(k, v) VALUES (100001, 'later'); DELETE FROM t WHERE k = 59998;"
                                      "UPDATE t SET v = 'later' WHERE k = 59999; UPDATE t SET v = 'later' WHERE k = 1",
                                      &error));
    }
    return cells[1].as.bytes.size == strlen("later") ? HDB_CORRUPT : HDB_OK;
}

static void test_a_stream_is_of_one_moment(void **state) {
    enum hdb_peer peer = peer_or_skip(state);
    struct moment moment = {NULL, 0, 0, 0};

    fill(60000);
    assert_ok(hdb_link_open(dsn[peer], CONNECT_MS, NULL, &moment.other, &error));
    assert_ok(hdb_link_stream(link_, "SELECT k, v FROM t", NULL, 0, HDB_ROWS_NATIVE, meddle, &moment, &error));
    assert_int_equal(moment.rows, 60000);
    assert_int_equal(number("SELECT count(*) FROM t WHERE v = 'later'"), 3);
    hdb_link_close(moment.other);
}

/* A server that made the whole result first would need half of the time for that. */
static void test_rows_come_as_they_are_found(void **state) {
    bool early = false;

    peer_or_skip(state);
    fill(60000);
    for (int i = 0; i < 10 && !early; i++) {
        struct moment moment = {NULL, 0, now_us(), 0};
        assert_ok(hdb_link_stream(link_, "SELECT k, v FROM t", NULL, 0, HDB_ROWS_NATIVE, meddle, &moment, &error));
        assert_int_equal(moment.rows, 60000);
        early = moment.first_us < (now_us() - moment.started_us) / 5;
    }
    assert_true(early);
}

/* --- COPY --- */

static void test_copy(void **state) {
    static const double reals[] = {0.0, -0.0, 0.1, 1e308, DBL_MIN, INFINITY, -INFINITY};
    hdb_rows *rows;

    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT PRIMARY KEY, f DOUBLE PRECISION, s TEXT, b BYTEA)");
    assert_ok(hdb_link_copy_start(link_, "COPY t (k, f, s, b) FROM STDIN", &error));
    for (int64_t i = 0; i < 7; i++)
        assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(INT64_MIN + i), REAL(reals[i]), NOTHING, BLOB("\x00\\x\n\xff")),
                                    &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(1), NOTHING, TEXT("a\tb\nc\rd\\e\\N\b\f\v"), BLOB("")), &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(2), NOTHING, TEXT("\\N"), NOTHING), &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(3), NOTHING, TEXT("\\."), NOTHING), &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(4), NOTHING, TEXT(""), NOTHING), &error));
    assert_ok(hdb_link_copy_end(link_, &error));
    rows = fetch("SELECT k, f, s, b FROM t ORDER BY k", NULL, 0, HDB_ROWS_NATIVE);
    assert_int_equal(hdb_rows_count(rows), 11);
    for (int i = 0; i < 7; i++) {
        assert_same(hdb_rows_cell(rows, i, 0), INTEGER(INT64_MIN + i));
        assert_same(hdb_rows_cell(rows, i, 1), REAL(reals[i]));
        assert_same(hdb_rows_cell(rows, i, 2), NOTHING);
        assert_same(hdb_rows_cell(rows, i, 3), BLOB("\x00\\x\n\xff"));
    }
    assert_same(hdb_rows_cell(rows, 7, 2), TEXT("a\tb\nc\rd\\e\\N\b\f\v"));
    assert_same(hdb_rows_cell(rows, 7, 3), BLOB(""));
    assert_same(hdb_rows_cell(rows, 8, 2), TEXT("\\N"));
    assert_same(hdb_rows_cell(rows, 9, 2), TEXT("\\."));
    assert_same(hdb_rows_cell(rows, 10, 2), TEXT(""));
    hdb_rows_free(rows);
}

static void test_copy_that_fails(void **state) {
    static const char *const bad[] = {"\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80", "a\x80"};
    enum hdb_peer peer = peer_or_skip(state);

    script("CREATE TABLE t(k BIGINT PRIMARY KEY, s TEXT)");
    assert_int_equal(hdb_link_copy_row(link_, VALUES(INTEGER(1)), &error), HDB_IOERR);
    /* HeliosDB looks for the table when there is a row for it. */
    if (hdb_link_copy_start(link_, "COPY nope FROM STDIN", &error) == HDB_OK) {
        assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(1)), &error));
        assert_int_equal(hdb_link_copy_end(link_, &error), HDB_ERROR);
    }
    assert_contains(hdb_error_message(&error), "nope");
    assert_int_equal(hdb_link_copy_start(link_, "SELECT 1", &error), HDB_INTERNAL);
    assert_ok(hdb_link_copy_start(link_, "COPY t FROM STDIN", &error));
    for (int64_t i = 0; i < 6; i++) {
        assert_int_equal(hdb_link_copy_row(link_, VALUES(INTEGER(i), hdb_value_text(bad[i], strlen(bad[i]))), &error),
                         HDB_ERROR);
        assert_string_equal(error.sqlstate, "22021");
    }
    assert_ok(hdb_link_copy_end(link_, &error));
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
    assert_ok(hdb_link_copy_start(link_, "COPY t FROM STDIN", &error));
    for (int64_t i = 0; i < 5000; i++)
        assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(i % 4999), TEXT("row")), &error));
    /* HeliosDB says XX000 to whatever goes wrong in a COPY. */
    assert_int_equal(hdb_link_copy_end(link_, &error), peer == HDB_PEER_POSTGRESQL ? HDB_CONSTRAINT : HDB_ERROR);
    assert_contains(hdb_error_message(&error), "uplicate key");
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

/* --- time --- */

/* A statement that takes seconds: HeliosDB has no pg_sleep(), but its LIKE does. */
static const char *slow(enum hdb_peer peer) {
    if (peer == HDB_PEER_POSTGRESQL)
        return "SELECT pg_sleep(20)";
    fill(60000);
    return "SELECT count(*) FROM t WHERE v LIKE '%not there%'";
}

static void test_deadline(void **state) {
    const char *sql = slow(peer_or_skip(state));
    int64_t start_ms = now_ms();

    hdb_link_set_deadline(link_, 300);
    assert_int_equal(hdb_link_query(link_, sql, NULL, 0, HDB_ROWS_NATIVE, NULL, &error), HDB_IOERR);
    assert_contains(hdb_error_message(&error), "no answer within 300 ms");
    assert_string_equal(error.sqlstate, "08006");
    assert_in_range(now_ms() - start_ms, 300, 15000);
    assert_false(hdb_link_is_alive(link_));
    assert_int_equal(hdb_link_query(link_, "SELECT 1", NULL, 0, HDB_ROWS_NATIVE, NULL, &error), HDB_IOERR);
    assert_int_equal(hdb_link_send(link_, "SELECT 1", NULL, 0, &error), HDB_IOERR);
    assert_int_equal(hdb_link_script(link_, "SELECT 1", &error), HDB_IOERR);
}

static atomic_int flag;

static void *interrupt_soon(void *unused) {
    poll(NULL, 0, 200);
    flag = 1;
    return unused;
}

static void test_interrupt(void **state) {
    const char *sql = slow(peer_or_skip(state));
    int64_t start_ms = now_ms();
    pthread_t thread;

    flag = 0;
    hdb_link_set_interrupt(link_, &flag);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
    assert_int_equal(hdb_link_query(link_, sql, NULL, 0, HDB_ROWS_NATIVE, NULL, &error), HDB_INTERRUPT);
    pthread_join(thread, NULL);
    assert_in_range(now_ms() - start_ms, 190, 15000);
    assert_string_equal(error.sqlstate, "57014");
    assert_false(hdb_link_is_alive(link_));
}

/* --- ends --- */

static void test_abandon_in_a_child(void **state) {
    int status = -1;
    pid_t child;

    peer_or_skip(state);
    assert_int_equal(number("SELECT 1"), 1);
    child = fork();
    if (child == 0) {
        hdb_link_abandon(link_);
        hdb_link_abandon(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(number("SELECT 2"), 2);
    hdb_link_close(NULL);
}

/* Whoever takes over from a process that died waits until the engine has carried out what it was sent. */
static void test_a_dead_session_is_awaited(void **state) {
    peer_or_skip(state);
    char directory[] = "/tmp/hdb-test-XXXXXX";
    hdb_state shared;
    int64_t other = 0, own = 0;
    struct timespec begin, end;
    assert_non_null(mkdtemp(directory));
    assert_ok(hdb_state_open(directory, &shared, &error));
    script("CREATE TABLE t(a BIGINT PRIMARY KEY)");
    pid_t pid = fork();
    if (pid == 0) {
        hdb_link *link = NULL;
        int64_t session = 0;
        int rc = hdb_link_open(dsn[*(const enum hdb_peer *)*state], CONNECT_MS, NULL, &link, &error);
        if (rc == HDB_OK)
            rc = hdb_session_name(link, &shared, &session, &error);
        shared.page->applying = session;
        usleep(300000);
        for (int i = 0; rc == HDB_OK && i < 500; i++)
            rc = hdb_link_send(link, "INSERT INTO t VALUES ($1)", VALUES(INTEGER(i)), &error);
        kill(getpid(), SIGKILL);
    }
    while (!(other = shared.page->applying))
        usleep(1000);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_ok(hdb_session_name(link_, &shared, &own, &error));
    assert_int_not_equal(own, other);
    usleep(20000); /* the other session takes its lock */
    assert_ok(hdb_session_await(link_, other, &error));
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >= 250);
    int64_t there = number("SELECT count(*) FROM t");
    usleep(50000);
    assert_int_equal(number("SELECT count(*) FROM t"), there);
    assert_ok(hdb_session_await(link_, other, &error));
    assert_ok(hdb_session_await(link_, 0, &error));
    waitpid(pid, NULL, 0);
    hdb_state_close(&shared);
    remove_tree(directory);
}

static void test_close_in_the_middle(void **state) {
    peer_or_skip(state);
    script("CREATE TABLE t(k BIGINT)");
    assert_ok(hdb_link_send(link_, "INSERT INTO t VALUES($1)", VALUES(INTEGER(1)), &error));
    hdb_link_close(link_);
    link_ = NULL;
    assert_ok(hdb_link_open(dsn[*(const enum hdb_peer *)*state], CONNECT_MS, NULL, &link_, &error));
    assert_ok(hdb_link_copy_start(link_, "COPY t FROM STDIN", &error));
    assert_ok(hdb_link_copy_row(link_, VALUES(INTEGER(1)), &error));
}

/* --- opening --- */

static const char *open_failure(const char *conninfo, const char *sqlstate) {
    hdb_link *link = (hdb_link *)&error;

    assert_int_equal(hdb_link_open(conninfo, 2000, NULL, &link, &error), HDB_CANTOPEN);
    assert_null(link);
    assert_int_equal(error.code, HDB_CANTOPEN);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_null(strstr(hdb_error_message(&error), "topsecret"));
    return hdb_error_message(&error);
}

static void test_wrong_password(void **state) {
    enum hdb_peer peer = peer_or_skip(state);
    hdb_buffer conninfo = HDB_BUFFER_INIT;

    /* The last word on an option counts; a URI takes it as a parameter. */
    hdb_buffer_text(&conninfo, dsn[peer]);
    if (strncmp(dsn[peer], "postgres", 8) == 0)
        hdb_buffer_format(&conninfo, "%cpassword=topsecret", strchr(dsn[peer], '?') != NULL ? '&' : '?');
    else
        hdb_buffer_text(&conninfo, " password=topsecret");
    assert_contains(open_failure(conninfo.data, "28P01"), "password authentication failed");
    assert_null(strstr(hdb_error_message(&error), "LOCATION"));
    hdb_buffer_free(&conninfo);
}

static void test_unreachable(void **state) {
    assert_contains(open_failure("host=127.0.0.1 port=1 user=u password=topsecret", "08001"), "Connection refused");
    assert_contains(open_failure("host=127.0.0.1,127.0.0.1 port=1,2 user=u password=topsecret", "08001"), "port 2");
    assert_contains(open_failure("host=/nowhere user=u", "08001"), "/nowhere/.s.PGSQL.5432");
    assert_contains(open_failure("host=name.invalid user=u", "08001"), "name.invalid");
}

static void test_server_that_says_nothing(void **state) {
    char directory[] = "/tmp/hdb-test-XXXXXX", path[64], conninfo[128];
    int64_t start_ms = now_ms();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", directory);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    snprintf(conninfo, sizeof conninfo, "host=%s user=u password=topsecret", directory);
    assert_contains(open_failure(conninfo, "08001"), "did not answer within 2000 ms");
    assert_in_range(now_ms() - start_ms, 1900, 30000);
    close(fd);
    remove_tree(directory);
}

static void test_malformed_conninfo_keeps_the_password(void **state) {
    assert_contains(open_failure("host=h password=x topsecret", "08001"), "missing \"=\" after \"...\"");
    assert_contains(open_failure("passwort=topsecret", "08001"), "invalid connection option");
    assert_contains(open_failure("password='topsecret", "08001"), "unterminated quoted string");
    assert_contains(open_failure("postgresql://u:topsecret%zz@h/d", "08001"), "percent-encoded");
    assert_contains(open_failure("postgresql://u:topsecret@[::1/d", "08001"), "malformed connection string");
}

/* The real engine with room for two connections. */
static void test_too_many_connections(void **state) {
    hdb_engine_options options = {.directory = NULL};
    hdb_engine *small = NULL;
    hdb_link *links[4] = {NULL};
    char *conninfo = NULL;
    char *real = NULL, program[] = "/tmp/hdb-test-XXXXXX", text[4096];
    int fd = mkstemp(program), opened = 0, rc = HDB_OK;

    assert_true(fd >= 0);
    close(fd);
    assert_ok(hdb_engine_find_program(NULL, &real, &error));
    snprintf(text, sizeof text,
             "#!/bin/sh\nfor a; do shift; case $a in 1000) a=2 ;; esac; set -- \"$@\" \"$a\"; done\nexec '%s' \"$@\"\n",
             real);
    free(real);
    write_program(program, text);
    options.program = program;
    assert_ok(hdb_engine_open(&options, &small, &error));
    assert_ok(hdb_engine_conninfo(small, &conninfo, &error));
    for (; opened < 4 && rc == HDB_OK; opened++)
        for (int tries = 0; tries < 20 && (rc = hdb_link_open(conninfo, 5000, NULL, &links[opened], &error)) != HDB_OK &&
                            opened < 2; tries++)
            poll(NULL, 0, 50); /* the engine has yet to notice that earlier connections are closed */
    assert_int_equal(rc, HDB_CANTOPEN);
    assert_int_equal(opened, 3);
    assert_string_equal(error.sqlstate, "53300");
    assert_contains(hdb_error_message(&error), "too many connections");
    for (int i = 0; i < 4; i++)
        hdb_link_close(links[i]);
    free(conninfo);
    hdb_engine_close(small);
    unlink(program);
}

#define on(peer, test) {#test " (" #peer ")", test, setup, teardown, (void *)(uintptr_t)&peer}
#define both(test) on(heliosdb, test), on(postgresql, test)

int main(void) {
    const struct CMUnitTest tests[] = {
        both(test_peer_is_told),
        both(test_values_round_trip),
        both(test_nan_comes_back),
        both(test_bad_text_is_refused),
        both(test_null_takes_any_type),
        both(test_types_of_the_server_are_fed_from_text),
        both(test_too_many_parameters),
        both(test_a_comma_locale_changes_nothing),
        both(test_rows_describe_themselves),
        both(test_a_changed_table_is_read_as_it_is_now),
        both(test_more_texts_than_are_kept),
        both(test_errors_have_codes),
        both(test_script_is_one_unit),
        both(test_pipeline),
        both(test_pipeline_of_much_data),
        both(test_pipeline_tells_what_failed),
        both(test_a_refused_prepare_is_forgotten),
        both(test_nothing_else_in_a_pipeline),
        both(test_stream),
        both(test_a_stream_is_of_one_moment),
        both(test_rows_come_as_they_are_found),
        both(test_copy),
        both(test_copy_that_fails),
        both(test_deadline),
        both(test_interrupt),
        both(test_abandon_in_a_child),
        both(test_a_dead_session_is_awaited),
        both(test_close_in_the_middle),
        both(test_wrong_password),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_server_that_says_nothing),
        cmocka_unit_test(test_malformed_conninfo_keeps_the_password),
        cmocka_unit_test(test_too_many_connections),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
