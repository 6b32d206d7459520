/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the engine and in the log: cells, rows, entries, names. */
#include "record/cell.h"
#include "record/entry.h"
#include "record/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#define TEXT(literal) hdb_value_text(literal, sizeof literal - 1)
#define BLOB(literal) hdb_value_blob(literal, sizeof literal - 1)

static const hdb_value samples[] = {
    {.type = HDB_TYPE_NULL},
    {.type = HDB_TYPE_INTEGER, .as.integer = 0},
    {.type = HDB_TYPE_INTEGER, .as.integer = INT64_MAX},
    {.type = HDB_TYPE_INTEGER, .as.integer = INT64_MIN},
    {.type = HDB_TYPE_FLOAT, .as.real = 1.0},
    {.type = HDB_TYPE_FLOAT, .as.real = 0.1},
    {.type = HDB_TYPE_FLOAT, .as.real = -1e308},
    {.type = HDB_TYPE_FLOAT, .as.real = INFINITY},
    {.type = HDB_TYPE_FLOAT, .as.real = -INFINITY},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"", 0}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"it's '", 6}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"x'41'", 5}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"42", 2}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"a\0b", 3}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"\xff\xfe", 2}},
    {.type = HDB_TYPE_TEXT, .as.bytes = {"a\x1f" "b", 3}},
    {.type = HDB_TYPE_BLOB, .as.bytes = {"", 0}},
    {.type = HDB_TYPE_BLOB, .as.bytes = {"\0\x1f\xff", 3}},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void every_value_survives_the_binary_form(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        hdb_put_value(&buffer, &samples[i]);
    hdb_reader reader = {buffer.data, buffer.data + buffer.size, false};
    for (int i = 0; i < SAMPLES; i++) {
        hdb_value value = hdb_get_value(&reader);
        assert_true(hdb_value_identical(&value, &samples[i]));
    }
    assert_true(reader.at == reader.end && !reader.failed);
    hdb_buffer_free(&buffer);
}

static void cut_bytes_are_refused(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    hdb_value text = TEXT("hello");
    (void)state;
    hdb_put_value(&buffer, &text);
    for (size_t size = 0; size < buffer.size; size++) {
        hdb_reader reader = {buffer.data, buffer.data + size, false};
        hdb_get_value(&reader);
        assert_true(reader.failed);
    }
    hdb_buffer_free(&buffer);
}

static void every_value_survives_the_text_form(void **state) {
    (void)state;
    for (int i = 1; i < SAMPLES; i++) {
        hdb_buffer text = HDB_BUFFER_INIT, arena = HDB_BUFFER_INIT;
        hdb_value value = hdb_value_null();
        hdb_cell_encode(&text, &samples[i]);
        assert_true(hdb_buffer_reserve(&arena, text.size + 1));
        assert_true(hdb_cell_decode(text.data, text.size, &arena, &value));
        assert_true(hdb_value_identical(&value, &samples[i]));
        hdb_buffer_free(&text);
        hdb_buffer_free(&arena);
    }
}

static void malformed_text_forms_are_refused(void **state) {
    static const char *const texts[] = {"", "abc", "x'4'", "x'4g'", "t'", "1.2.3", "--1", "12a"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hdb_buffer arena = HDB_BUFFER_INIT;
        hdb_value value;
        assert_false(hdb_cell_decode(texts[i], strlen(texts[i]), &arena, &value));
        hdb_buffer_free(&arena);
    }
}

static hdb_column columns[] = {
    {.name = (char *)"i", .engine_name = (char *)"i", .affinity = HDB_AFFINITY_INTEGER},
    {.name = (char *)"r", .engine_name = (char *)"r", .affinity = HDB_AFFINITY_REAL},
    {.name = (char *)"t", .engine_name = (char *)"t", .affinity = HDB_AFFINITY_TEXT},
    {.name = (char *)"b", .engine_name = (char *)"b", .affinity = HDB_AFFINITY_BLOB},
    {.name = (char *)"n", .engine_name = (char *)"n", .affinity = HDB_AFFINITY_ANY},
};
static const hdb_table table = {.name = (char *)"t", .engine_name = (char *)"t", .key_kind = HDB_KEY_ROWID, .alias = -1,
                                .columns = columns, .column_count = 5};

/* Any value in any column, with others around it. */
static void every_value_survives_in_every_column(void **state) {
    (void)state;
    for (int column = 0; column < table.column_count; column++) {
        for (int i = 0; i < SAMPLES; i++) {
            hdb_value cells[5], engine[6], back[5];
            hdb_buffer arena = HDB_BUFFER_INIT, other = HDB_BUFFER_INIT;
            for (int k = 0; k < 5; k++)
                cells[k] = samples[(i + k) % SAMPLES];
            cells[column] = samples[i];
            assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
            assert_true(hdb_row_from_engine(&table, engine, &other, back));
            for (int k = 0; k < 5; k++)
                assert_true(hdb_value_identical(&cells[k], &back[k]));
            hdb_buffer_free(&arena);
            hdb_buffer_free(&other);
        }
    }
}

static void ordinary_values_stay_native(void **state) {
    hdb_value cells[5] = {hdb_value_integer(1), hdb_value_real(1.5), TEXT("x"), BLOB("\1\2"), TEXT("y")}, engine[6];
    hdb_buffer arena = HDB_BUFFER_INIT;
    (void)state;
    assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
    for (int i = 0; i < 4; i++)
        assert_true(hdb_value_identical(&cells[i], &engine[i]));
    assert_int_equal(engine[5].type, HDB_TYPE_NULL);
    hdb_buffer_free(&arena);
}

static void equal_keys_are_encoded_alike(void **state) {
    hdb_value one = hdb_value_integer(1), real = hdb_value_real(1.0), half = hdb_value_real(1.5), text = TEXT("1");
    hdb_buffer a = HDB_BUFFER_INIT, b = HDB_BUFFER_INIT, c = HDB_BUFFER_INIT, d = HDB_BUFFER_INIT;
    (void)state;
    hdb_put_key(&a, &one);
    hdb_put_key(&b, &real);
    hdb_put_key(&c, &half);
    hdb_put_key(&d, &text);
    assert_true(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    assert_false(a.size == c.size && memcmp(a.data, c.data, a.size) == 0);
    assert_false(a.size == d.size && memcmp(a.data, d.data, a.size) == 0);
    hdb_buffer_free(&a);
    hdb_buffer_free(&b);
    hdb_buffer_free(&c);
    hdb_buffer_free(&d);
}

static void an_entry_is_read_as_it_was_written(void **state) {
    hdb_value cells[5] = {hdb_value_integer(1), hdb_value_real(1.5), TEXT("x"), BLOB("\1\2"), TEXT("y")};
    hdb_buffer entry = HDB_BUFFER_INIT;
    hdb_entry_reader reader;
    (void)state;
    hdb_entry_put_table(&entry, &table, false);
    hdb_entry_put_delete(&entry, -7);
    hdb_entry_put_upsert(&entry, &table, INT64_MIN, cells);
    hdb_entry_open(&reader, entry.data, entry.size);
    assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_TABLE);
    assert_string_equal(reader.table.name, "t");
    assert_int_equal(reader.table.column_count, 5);
    assert_false(reader.whole);
    assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_DELETE);
    assert_true(reader.rowid == -7);
    assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_UPSERT);
    assert_true(reader.rowid == INT64_MIN);
    for (int i = 0; i < 5; i++)
        assert_true(hdb_value_identical(&cells[i], &reader.cells[i]));
    assert_true(hdb_entry_at_table_end(&reader));
    assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_END);
    assert_false(reader.failed);
    hdb_entry_close(&reader);
    hdb_buffer_free(&entry);
}

/* No prefix and no single wrong byte may be followed out of bounds; the sanitizers watch. */
static void damaged_entries_are_never_followed(void **state) {
    hdb_value cells[5] = {hdb_value_integer(1), hdb_value_real(1.5), TEXT("x"), BLOB("\1\2"), TEXT("y")};
    hdb_buffer entry = HDB_BUFFER_INIT;
    hdb_entry_reader reader;
    (void)state;
    hdb_entry_put_table(&entry, &table, true);
    hdb_entry_put_upsert(&entry, &table, 5, cells);
    for (size_t size = 1; size < entry.size; size++) {
        hdb_entry_open(&reader, entry.data, size);
        while (hdb_entry_next(&reader) != HDB_ENTRY_END)
            continue;
        hdb_entry_close(&reader);
    }
    for (size_t i = 0; i < entry.size; i++) {
        char saved = entry.data[i];
        entry.data[i] = (char)0xff;
        hdb_entry_open(&reader, entry.data, entry.size);
        while (hdb_entry_next(&reader) != HDB_ENTRY_END)
            continue;
        hdb_entry_close(&reader);
        entry.data[i] = saved;
    }
    hdb_buffer_free(&entry);
}

static void names_the_engine_can_not_take_are_made_up(void **state) {
    static const char *const plain[] = {"files", "Mixed_Case", "a b", "order"};
    static const char *const odd[] = {"", "\xc3\xbc", "a.b", "a\"b", "pg_class", "ctid", "_hdb_log", " a", "a?"};
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char *name = hdb_engine_name(plain[i]);
        assert_string_equal(name, plain[i]);
        free(name);
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char *name = hdb_engine_name(odd[i]);
        assert_int_equal(strncmp(name, "_hdb_n_", 7), 0);
        assert_true(strlen(name) <= 63);
        free(name);
    }
}

static void declared_types_choose_the_engine_column(void **state) {
    (void)state;
    assert_int_equal(hdb_affinity_of("VARCHAR(9)"), HDB_AFFINITY_TEXT);
    assert_int_equal(hdb_affinity_of("UNSIGNED BIG INT"), HDB_AFFINITY_INTEGER);
    assert_int_equal(hdb_affinity_of("BOOLEAN"), HDB_AFFINITY_INTEGER);
    assert_int_equal(hdb_affinity_of("DATETIME"), HDB_AFFINITY_TEXT);
    assert_int_equal(hdb_affinity_of("double precision"), HDB_AFFINITY_REAL);
    assert_int_equal(hdb_affinity_of("BLOB"), HDB_AFFINITY_BLOB);
    assert_int_equal(hdb_affinity_of("DECIMAL(10,2)"), HDB_AFFINITY_ANY);
    assert_int_equal(hdb_affinity_of(NULL), HDB_AFFINITY_ANY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_survives_the_binary_form),
        cmocka_unit_test(cut_bytes_are_refused),
        cmocka_unit_test(every_value_survives_the_text_form),
        cmocka_unit_test(malformed_text_forms_are_refused),
        cmocka_unit_test(every_value_survives_in_every_column),
        cmocka_unit_test(ordinary_values_stay_native),
        cmocka_unit_test(equal_keys_are_encoded_alike),
        cmocka_unit_test(an_entry_is_read_as_it_was_written),
        cmocka_unit_test(damaged_entries_are_never_followed),
        cmocka_unit_test(names_the_engine_can_not_take_are_made_up),
        cmocka_unit_test(declared_types_choose_the_engine_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
