/* SPDX-License-Identifier: Apache-2.0 */
/* Plans beyond their text, and the proof that an admitted value is stored by SQLite as it is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "direct/translate.h"
#include "rewrite/fixture.h"
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static int translate(const char *sql, enum hdb_peer peer, hdb_plan *plan, enum hdb_refusal *why) {
    return hdb_translate(sql, strlen(sql), &fixture_schema, peer, plan, why);
}

static void test_every_refusal_has_its_own_text(void **state) {
    (void)state;
    assert_string_equal(hdb_refusal_text(HDB_REFUSED_NOT), "");
    for (int i = 1; i < HDB_REFUSED_COUNT; i++) {
        const char *text = hdb_refusal_text((enum hdb_refusal)i);
        assert_true(strlen(text) > 0 && strlen(hdb_refusal_name((enum hdb_refusal)i)) > 0);
        for (int j = 1; j < i; j++)
            assert_string_not_equal(text, hdb_refusal_text((enum hdb_refusal)j));
    }
}

static void test_a_refused_statement_leaves_a_plan_that_can_be_cleared(void **state) {
    static const char *const texts[] = {
        "", "SELECT *, nothing_there FROM notes WHERE id = 1", "UPDATE notes SET body = 'x', done = 'y' WHERE id = 1",
        "INSERT INTO notes(id, body, data, score) VALUES (1, 'x', x'00', 'y')",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        hdb_plan plan;
        enum hdb_refusal why = HDB_REFUSED_NOT;
        assert_int_equal(translate(texts[i], HDB_PEER_HELIOSDB, &plan, &why), HDB_NOTSUPPORTED);
        assert_int_not_equal(why, HDB_REFUSED_NOT);
        hdb_plan_clear(&plan);
    }
}

static void test_an_update_asks_for_odd_rows_in_the_servers_best_way(void **state) {
    hdb_plan plan;
    enum hdb_refusal why = HDB_REFUSED_NOT;
    (void)state;
    assert_int_equal(translate("UPDATE notes SET done = ?, day = ? WHERE id = ?", HDB_PEER_HELIOSDB, &plan, &why),
                     HDB_OK);
    assert_non_null(plan.guard);
    assert_false(plan.guarded);
    assert_int_equal(plan.inputs[plan.guard_input].parameter, 3);
    assert_int_equal(plan.rowid_input, -1);
    hdb_plan_clear(&plan);
    assert_int_equal(translate("UPDATE notes SET done = ? WHERE id = ?", HDB_PEER_POSTGRESQL, &plan, &why), HDB_OK);
    assert_null(plan.guard);
    assert_true(plan.guarded);
    hdb_plan_clear(&plan);
}

static void test_an_insert_says_its_rowid(void **state) {
    hdb_plan plan;
    enum hdb_refusal why = HDB_REFUSED_NOT;
    (void)state;
    assert_int_equal(translate("INSERT INTO notes(body, oid) VALUES (?, 7)", HDB_PEER_HELIOSDB, &plan, &why), HDB_OK);
    assert_int_equal(plan.kind, HDB_PLAN_INSERT);
    assert_int_equal(plan.rowid_input, 1);
    assert_int_equal(plan.inputs[1].literal.as.integer, 7);
    assert_ptr_equal(plan.table, fixture_table("notes"));
    hdb_plan_clear(&plan);
}

/* Columns as SQLite declares them, with what the translator is told of them. */
static const struct {
    const char *declared;
    enum hdb_sqlite_affinity affinity;
    enum hdb_affinity kind;
} columns[] = {
    {"INTEGER", HDB_SQLITE_INTEGER, HDB_AFFINITY_INTEGER}, {"REAL", HDB_SQLITE_REAL, HDB_AFFINITY_REAL},
    {"TEXT", HDB_SQLITE_TEXT, HDB_AFFINITY_TEXT},          {"BLOB", HDB_SQLITE_BLOB, HDB_AFFINITY_BLOB},
    {"", HDB_SQLITE_BLOB, HDB_AFFINITY_ANY},               {"NUMERIC", HDB_SQLITE_NUMERIC, HDB_AFFINITY_ANY},
    {"BOOLEAN", HDB_SQLITE_NUMERIC, HDB_AFFINITY_INTEGER}, {"DATE", HDB_SQLITE_NUMERIC, HDB_AFFINITY_TEXT},
};

static hdb_value text(const char *value) {
    return hdb_value_text(value, strlen(value));
}

static size_t make_values(hdb_value *out) {
    static const char *const texts[] = {
        "",      " ",     "abc",   "1",       " 1 ",       "-1",   "+1",  "1.",       ".5",        ".",
        "-",     "1e5",   "1e",    "1e+",     "1.5e-3",    "1 2",  "0x1", "1_0",      "20240131",  "2024-01-31",
        "12:30", "\t7\v", "1e400", "\xc3\xa4", "1\xc2\xa0", "--1",  "nan", "Infinity", "inf", "9223372036854775808",
        "1e5.",  "1..2",  "e5",    ".e5",     "5.e5",
    };
    static const double reals[] = {0.0,   -0.0,     1.0,      -2.25,     1e300,   9007199254740993.0, 1e18,
                                   1e-99, INFINITY, DBL_MAX,  -INFINITY, DBL_MIN, 9.3e18,             -1.5};
    static const int64_t integers[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, 9007199254740993, -9007199254740993, INT64_C(1) << 47,
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        out[count++] = text(texts[i]);
    for (size_t i = 0; i < COUNT_OF(reals); i++)
        out[count++] = hdb_value_real(reals[i]);
    for (size_t i = 0; i < COUNT_OF(integers); i++)
        out[count++] = hdb_value_integer(integers[i]);
    out[count++] = hdb_value_text("a\0b", 3);
    out[count++] = hdb_value_text("1\0", 2);
    out[count++] = hdb_value_text("\xff", 1);
    out[count++] = hdb_value_blob("\0\1", 2);
    out[count++] = hdb_value_blob("12", 2);
    out[count++] = hdb_value_blob("", 0);
    out[count++] = hdb_value_null();
    return count;
}

static void bind(sqlite3_stmt *stmt, const hdb_value *value) {
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        sqlite3_bind_int64(stmt, 1, value->as.integer);
        break;
    case HDB_TYPE_FLOAT:
        sqlite3_bind_double(stmt, 1, value->as.real);
        break;
    case HDB_TYPE_TEXT:
        sqlite3_bind_text(stmt, 1, value->as.bytes.data, (int)value->as.bytes.size, SQLITE_STATIC);
        break;
    case HDB_TYPE_BLOB:
        sqlite3_bind_blob(stmt, 1, value->as.bytes.data, (int)value->as.bytes.size, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(stmt, 1);
    }
}

static hdb_value column_value(sqlite3_stmt *stmt) {
    const size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
    switch (sqlite3_column_type(stmt, 0)) {
    case SQLITE_INTEGER:
        return hdb_value_integer(sqlite3_column_int64(stmt, 0));
    case SQLITE_FLOAT:
        return hdb_value_real(sqlite3_column_double(stmt, 0));
    case SQLITE_TEXT:
        return hdb_value_text((const char *)sqlite3_column_text(stmt, 0), size);
    case SQLITE_BLOB:
        return hdb_value_blob(size == 0 ? "" : sqlite3_column_blob(stmt, 0), size);
    default:
        return hdb_value_null();
    }
}

static const hdb_direct_table *the_table(void *context, const char *name) {
    (void)name;
    return context;
}

/* What the translator asks of a value for a column. */
static hdb_plan_input input_for(size_t index) {
    const hdb_direct_column described[] = {
        {.name = "id", .engine_name = "id", .affinity = HDB_SQLITE_INTEGER, .kind = HDB_AFFINITY_INTEGER},
        {.name = "c", .engine_name = "c", .affinity = columns[index].affinity, .kind = columns[index].kind},
    };
    hdb_direct_table table = {.name = "t", .engine_name = "t", .columns = described, .column_count = 2};
    const hdb_direct_schema schema = {the_table, &table};
    const char *sql = "INSERT INTO t VALUES (1, ?)";
    hdb_plan plan;
    enum hdb_refusal why = HDB_REFUSED_NOT;
    assert_int_equal(hdb_translate(sql, strlen(sql), &schema, HDB_PEER_POSTGRESQL, &plan, &why), HDB_OK);
    const hdb_plan_input input = plan.inputs[1];
    hdb_plan_clear(&plan);
    return input;
}

static void test_an_admitted_value_is_what_sqlite_stores(void **state) {
    hdb_value values[80];
    const size_t count = make_values(values);
    size_t admitted = 0;
    sqlite3 *db = NULL;
    (void)state;
    assert_true(count <= COUNT_OF(values));
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t c = 0; c < COUNT_OF(columns); c++) {
        const hdb_plan_input input = input_for(c);
        char ddl[64];
        sqlite3_stmt *insert = NULL, *select = NULL;
        snprintf(ddl, sizeof ddl, "DROP TABLE IF EXISTS t; CREATE TABLE t(c %s)", columns[c].declared);
        assert_int_equal(sqlite3_exec(db, ddl, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?)", -1, &insert, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "SELECT c FROM t ORDER BY rowid DESC", -1, &select, NULL), SQLITE_OK);
        for (size_t v = 0; v < count; v++) {
            hdb_value sent, stored;
            if (!hdb_plan_admit(&input, &values[v], &sent))
                continue;
            admitted++;
            bind(insert, &values[v]);
            assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
            sqlite3_reset(insert);
            assert_int_equal(sqlite3_step(select), SQLITE_ROW);
            stored = column_value(select);
            if (!hdb_value_identical(&sent, &stored))
                fail_msg("%s column, value %zu: class %d is sent, class %d is stored", columns[c].declared, v,
                         sent.type, stored.type);
            sqlite3_reset(select);
        }
        sqlite3_finalize(insert);
        sqlite3_finalize(select);
    }
    sqlite3_close(db);
    assert_true(admitted > 150);
}

static void test_ordinary_values_are_admitted(void **state) {
    static const struct {
        size_t column;
        hdb_value value;
    } ordinary[] = {
        {0, {.type = HDB_TYPE_INTEGER, .as.integer = -7}}, {1, {.type = HDB_TYPE_FLOAT, .as.real = 1.5}},
        {1, {.type = HDB_TYPE_INTEGER, .as.integer = 3}},  {2, {.type = HDB_TYPE_TEXT, .as.bytes = {"12", 2}}},
        {3, {.type = HDB_TYPE_BLOB, .as.bytes = {"12", 2}}}, {4, {.type = HDB_TYPE_TEXT, .as.bytes = {"12", 2}}},
        {5, {.type = HDB_TYPE_INTEGER, .as.integer = 12}}, {6, {.type = HDB_TYPE_INTEGER, .as.integer = 1}},
        {7, {.type = HDB_TYPE_TEXT, .as.bytes = {"2024-01-31", 10}}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ordinary); i++) {
        const hdb_plan_input input = input_for(ordinary[i].column);
        hdb_value sent;
        assert_true(hdb_plan_admit(&input, &ordinary[i].value, &sent));
        assert_int_equal(input.encoded, columns[ordinary[i].column].kind == HDB_AFFINITY_ANY);
    }
}

static void test_null_is_admitted_unless_required(void **state) {
    const hdb_value null = hdb_value_null();
    hdb_plan_input input = {.admission = HDB_ADMIT_TEXT};
    hdb_value sent;
    (void)state;
    assert_true(hdb_plan_admit(&input, &null, &sent));
    input.required = true;
    assert_false(hdb_plan_admit(&input, &null, &sent));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_refusal_has_its_own_text),
        cmocka_unit_test(test_a_refused_statement_leaves_a_plan_that_can_be_cleared),
        cmocka_unit_test(test_an_update_asks_for_odd_rows_in_the_servers_best_way),
        cmocka_unit_test(test_an_insert_says_its_rowid),
        cmocka_unit_test(test_an_admitted_value_is_what_sqlite_stores),
        cmocka_unit_test(test_ordinary_values_are_admitted),
        cmocka_unit_test(test_null_is_admitted_unless_required),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
