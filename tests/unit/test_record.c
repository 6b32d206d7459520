/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the engine and in the log: cells, rows, entries, names. */
#include "record/cell.h"
#include "record/entry.h"
#include "record/native.h"
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
    static const char *const texts[] = {"", "abc", "x'4'", "x'4g'", "t'", "1.2.3", "--1", "12a", " 1", "9223372036854775808",
                                        "0x1e", "nan(e)", "inf.", "1e999"};
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
    {.name = (char *)"v", .engine_name = (char *)"v", .affinity = HDB_AFFINITY_VECTOR, .dimension = 3},
    {.name = (char *)"j", .engine_name = (char *)"j", .affinity = HDB_AFFINITY_JSON},
    {.name = (char *)"u", .engine_name = (char *)"u", .affinity = HDB_AFFINITY_UUID},
};
enum { COLUMNS = sizeof columns / sizeof *columns };
#define UUID "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
#define ROW {hdb_value_integer(1), hdb_value_real(1.5), TEXT("x"), BLOB("\1\2"), TEXT("y"), hdb_value_null(), \
             TEXT("{\"b\": [1e2, \"\\u00e9\"],  \"a\":{}}"), TEXT(UUID)}
static const hdb_table table = {.name = (char *)"t", .engine_name = (char *)"t", .key_kind = HDB_KEY_ROWID, .alias = -1,
                                .columns = columns, .column_count = COLUMNS};

/* Any value in any column, with others around it. */
static void every_value_survives_in_every_column(void **state) {
    (void)state;
    for (int column = 0; column < table.column_count; column++) {
        for (int i = 0; i < SAMPLES; i++) {
            hdb_value cells[COLUMNS], engine[COLUMNS + 1], back[COLUMNS];
            hdb_buffer arena = HDB_BUFFER_INIT, other = HDB_BUFFER_INIT;
            for (int k = 0; k < COLUMNS; k++)
                cells[k] = samples[(i + k) % SAMPLES];
            cells[column] = samples[i];
            assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
            assert_true(hdb_row_from_engine(&table, engine, &other, back));
            for (int k = 0; k < COLUMNS; k++)
                assert_true(hdb_value_identical(&cells[k], &back[k]));
            hdb_buffer_free(&arena);
            hdb_buffer_free(&other);
        }
    }
}

/* "_hdb_odd" may come in memory that ends where it ends; the sanitizers watch. */
static void what_is_odd_is_read_within_its_bounds(void **state) {
    static const char *const texts[] = {"", "1", "12", " ", "1:", "1:5", "-1:5\x1f", "99:5\x1f", "1\x1f", "1:\x1f"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t size = strlen(texts[i]);
        char *odd = malloc(size + 1);
        hdb_value cells[COLUMNS] = ROW, engine[COLUMNS + 1], back[COLUMNS];
        hdb_buffer arena = HDB_BUFFER_INIT, decoded = HDB_BUFFER_INIT;
        assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
        memcpy(odd + 1, texts[i], size); /* aligned so that no byte is to spare behind it */
        engine[COLUMNS] = hdb_value_text(odd + 1, size);
        assert_true(hdb_row_from_engine(&table, engine, &decoded, back) == (size == 0));
        hdb_buffer_free(&arena);
        hdb_buffer_free(&decoded);
        free(odd);
    }
}

static void ordinary_values_stay_native(void **state) {
    hdb_value cells[COLUMNS] = ROW, engine[COLUMNS + 1];
    hdb_buffer arena = HDB_BUFFER_INIT;
    (void)state;
    assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
    for (int i = 0; i < 4; i++)
        assert_true(hdb_value_identical(&cells[i], &engine[i]));
    for (int i = 5; i < COLUMNS; i++)
        assert_true(hdb_value_identical(&cells[i], &engine[i]));
    assert_int_equal(engine[COLUMNS].type, HDB_TYPE_NULL);
    hdb_buffer_free(&arena);
}

/* What the engine would write otherwise stands beside its native form, which wins when it was changed. */
static void native_forms_stand_beside_what_was_written(void **state) {
    static const char same[] = "[1.0,2.5,-300000.0]", other[] = "[1.0,2.5,7.0]";
    hdb_value vectors[] = {TEXT(" [1, 2.50 ,-3e5]"), BLOB("\0\0\x80\x3f\0\0\x20\x40\0\x7c\x92\xc8")};
    (void)state;
    for (int i = 0; i < 2; i++) {
        hdb_value cells[COLUMNS] = ROW, engine[COLUMNS + 1], back[COLUMNS], upper = TEXT("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11");
        hdb_buffer arena = HDB_BUFFER_INIT, decoded = HDB_BUFFER_INIT;
        cells[5] = vectors[i];
        cells[7] = upper;
        assert_true(hdb_row_to_engine(&table, cells, &arena, engine));
        assert_int_equal(engine[5].as.bytes.size, strlen("[1,2.5,-300000]"));
        assert_memory_equal(engine[5].as.bytes.data, "[1,2.5,-300000]", engine[5].as.bytes.size);
        assert_memory_equal(engine[7].as.bytes.data, UUID, 36);
        engine[5] = TEXT(same);
        assert_true(hdb_row_from_engine(&table, engine, &decoded, back));
        for (int k = 0; k < COLUMNS; k++)
            assert_true(hdb_value_identical(&cells[k], &back[k]));
        engine[5] = TEXT(other);
        assert_true(hdb_row_from_engine(&table, engine, &decoded, back));
        assert_true(hdb_value_identical(&engine[5], &back[5]));
        hdb_buffer_free(&arena);
        hdb_buffer_free(&decoded);
    }
}

/* A native cell that the server refused would stop every later commit. */
static void what_a_server_might_refuse_is_not_native(void **state) {
    static const struct {
        int column;
        const char *text;
    } misfits[] = {
        {5, ""}, {5, "["}, {5, "[1,2]"}, {5, "[1,2,3,4]"}, {5, "[1,2,3"}, {5, "[1,2,3]x"}, {5, "[1,2,nan]"}, {5, "[1,2,1e39]"},
        {5, "[1,,3]"}, {5, "[a,b,c]"}, {5, "1,2,3"}, {5, "[1;2;3]"}, {5, "[0x1,2,3]"}, {5, "[1,2,1e999]"},
        {6, ""}, {6, " "}, {6, "{"}, {6, "[1,]"}, {6, "{a:1}"}, {6, "{'a':1}"}, {6, "[1 2]"}, {6, "\"\\ud800\""}, {6, "\"\\u0000\""},
        {6, "nul"}, {6, "01"}, {6, "1."}, {6, ".5"}, {6, "+1"}, {6, "1e999"}, {6, "[]]"}, {6, "{\"a\"}"}, {6, "{\"a\":1,}"}, {6, "\"\t\""},
        {6, "NaN"}, {6, "[1]x"}, {6, "\"a"}, {6, "\"\\x\""}, {6, "{]"}, {6, "[}"}, {6, "[1}"},
        {7, ""}, {7, "a0eebc999c0b4ef8bb6d6bb9bd380a11"}, {7, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g"},
        {7, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"}, {7, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        hdb_buffer form = HDB_BUFFER_INIT;
        hdb_value value = hdb_value_text(misfits[i].text, strlen(misfits[i].text));
        assert_false(hdb_native_form(&columns[misfits[i].column], &value, &form));
        assert_int_equal(form.size, 0);
        hdb_buffer_free(&form);
    }
}

static void json_is_told(void **state) {
    static const char *const good[] = {"{}", "[]", " [ ] ", "1", "-0.5e-10", "\"\"", "true", "false", "null", "[[],[{}]]",
                                       "{\"a\":[1,2,{\"b\":null}],\"a\":\"\\n\\u00e9\"}", "\n{ \"a\" : 1 , \"b\" : [ ] }\n"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        hdb_buffer form = HDB_BUFFER_INIT;
        hdb_value value = hdb_value_text(good[i], strlen(good[i]));
        assert_true(hdb_native_form(&columns[6], &value, &form));
        hdb_buffer_free(&form);
    }
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
    hdb_value cells[COLUMNS] = ROW;
    hdb_buffer entry = HDB_BUFFER_INIT;
    hdb_entry_reader reader;
    (void)state;
    hdb_entry_put_table(&entry, &table, false);
    hdb_entry_put_delete(&entry, -7);
    hdb_entry_put_upsert(&entry, &table, INT64_MIN, cells);
    hdb_entry_open(&reader, entry.data, entry.size);
    assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_TABLE);
    assert_string_equal(reader.table.name, "t");
    assert_int_equal(reader.table.column_count, COLUMNS);
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
    hdb_value cells[COLUMNS] = ROW;
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

/* What is done with a table looks at the column that is its rowid, and at the numbers of a vector. */
static void tables_that_can_not_be_are_refused(void **state) {
    hdb_table damaged[] = {table, table, table};
    hdb_column vector = columns[5];
    hdb_entry_reader reader;
    (void)state;
    damaged[0].key_kind = HDB_KEY_ALIAS;
    damaged[1].alias = -2;
    damaged[2].columns = &vector;
    damaged[2].column_count = 1;
    vector.dimension = 0;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        hdb_buffer entry = HDB_BUFFER_INIT;
        hdb_entry_put_table(&entry, &damaged[i], false);
        hdb_entry_open(&reader, entry.data, entry.size);
        assert_int_equal(hdb_entry_next(&reader), HDB_ENTRY_END);
        assert_true(reader.failed);
        hdb_entry_close(&reader);
        hdb_buffer_free(&entry);
    }
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
    int dimension = 0;
    (void)state;
    assert_int_equal(hdb_affinity_of("VARCHAR(9)", &dimension), HDB_AFFINITY_TEXT);
    assert_int_equal(hdb_affinity_of("UNSIGNED BIG INT", &dimension), HDB_AFFINITY_INTEGER);
    assert_int_equal(hdb_affinity_of("BOOLEAN", &dimension), HDB_AFFINITY_INTEGER);
    assert_int_equal(hdb_affinity_of("DATETIME", &dimension), HDB_AFFINITY_TEXT);
    assert_int_equal(hdb_affinity_of("double precision", &dimension), HDB_AFFINITY_REAL);
    assert_int_equal(hdb_affinity_of("BLOB", &dimension), HDB_AFFINITY_BLOB);
    assert_int_equal(hdb_affinity_of("DECIMAL(10,2)", &dimension), HDB_AFFINITY_ANY);
    assert_int_equal(hdb_affinity_of(NULL, &dimension), HDB_AFFINITY_ANY);
    assert_int_equal(hdb_affinity_of("jsonb", &dimension), HDB_AFFINITY_JSON);
    assert_int_equal(hdb_affinity_of("UUID", &dimension), HDB_AFFINITY_UUID);
    assert_int_equal(dimension, 0);
    assert_int_equal(hdb_affinity_of("vector ( 3 )", &dimension), HDB_AFFINITY_VECTOR);
    assert_int_equal(dimension, 3);
    static const char *const none[] = {"VECTOR", "VECTOR()", "VECTOR(0)", "VECTOR(-1)", "VECTOR(3, 4)", "VECTORS(3)", "VECTOR(99999)"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(hdb_affinity_of(none[i], &dimension), HDB_AFFINITY_ANY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_survives_the_binary_form),
        cmocka_unit_test(cut_bytes_are_refused),
        cmocka_unit_test(every_value_survives_the_text_form),
        cmocka_unit_test(malformed_text_forms_are_refused),
        cmocka_unit_test(every_value_survives_in_every_column),
        cmocka_unit_test(what_is_odd_is_read_within_its_bounds),
        cmocka_unit_test(ordinary_values_stay_native),
        cmocka_unit_test(native_forms_stand_beside_what_was_written),
        cmocka_unit_test(what_a_server_might_refuse_is_not_native),
        cmocka_unit_test(json_is_told),
        cmocka_unit_test(equal_keys_are_encoded_alike),
        cmocka_unit_test(an_entry_is_read_as_it_was_written),
        cmocka_unit_test(damaged_entries_are_never_followed),
        cmocka_unit_test(tables_that_can_not_be_are_refused),
        cmocka_unit_test(names_the_engine_can_not_take_are_made_up),
        cmocka_unit_test(declared_types_choose_the_engine_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
