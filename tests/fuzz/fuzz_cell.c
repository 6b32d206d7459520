/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as the engine holds them. Any row of values comes back from the engine's form as it was; any text and any engine
 * row is read or refused, and what was read is written and read again alike. */
#include "fuzz.h"
#include "record/cell.h"
#include "record/native.h"

#define COLUMN(column_name, column_affinity) \
    {.name = (char *)(column_name), .engine_name = (char *)(column_name), .affinity = (column_affinity), .dimension = 3}

static hdb_column columns[] = {
    COLUMN("i", HDB_AFFINITY_INTEGER), COLUMN("r", HDB_AFFINITY_REAL),   COLUMN("t", HDB_AFFINITY_TEXT),
    COLUMN("b", HDB_AFFINITY_BLOB),    COLUMN("n", HDB_AFFINITY_ANY),    COLUMN("v", HDB_AFFINITY_VECTOR),
    COLUMN("j", HDB_AFFINITY_JSON),    COLUMN("u", HDB_AFFINITY_UUID),
};
enum { COLUMNS = sizeof columns / sizeof *columns };
static const hdb_table table = {.name = (char *)"t", .engine_name = (char *)"t", .key_kind = HDB_KEY_ROWID, .alias = -1,
                                .columns = columns, .column_count = COLUMNS};

static void check_same(const hdb_value *was, const hdb_value *is) {
    CHECK(hdb_value_identical(was, is));
}

/* Text in memory that ends where the text ends. */
static void check_text(hdb_slice piece) {
    char *text = malloc(piece.size > 0 ? piece.size : 1);
    hdb_buffer arena = HDB_BUFFER_INIT, written = HDB_BUFFER_INIT, other = HDB_BUFFER_INIT;
    hdb_value value = hdb_value_null(), again = hdb_value_null();
    CHECK(text != NULL);
    if (piece.size > 0)
        memcpy(text, piece.data, piece.size);
    CHECK(hdb_buffer_reserve(&arena, piece.size + 1));
    if (hdb_cell_decode(text, piece.size, &arena, &value)) {
        CHECK(value.type != HDB_TYPE_NULL);
        hdb_cell_encode(&written, &value);
        CHECK(hdb_buffer_reserve(&other, written.size + 1));
        CHECK(hdb_cell_decode(written.data, written.size, &other, &again));
        check_same(&value, &again);
    }
    hdb_buffer_free(&arena);
    hdb_buffer_free(&written);
    hdb_buffer_free(&other);
    free(text);
}

static void check_binary(const hdb_value *value) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    hdb_put_value(&buffer, value);
    hdb_reader reader = {buffer.data, buffer.data + buffer.size, false};
    const hdb_value again = hdb_get_value(&reader);
    CHECK(!reader.failed && reader.at == reader.end);
    check_same(value, &again);
    hdb_buffer_free(&buffer);
}

static void check_row(const hdb_value *cells) {
    hdb_value engine[COLUMNS + 1], back[COLUMNS];
    hdb_buffer arena = HDB_BUFFER_INIT, other = HDB_BUFFER_INIT;
    CHECK(hdb_row_to_engine(&table, cells, &arena, engine));
    CHECK(hdb_row_from_engine(&table, engine, &other, back));
    for (int i = 0; i < COLUMNS; i++)
        check_same(&cells[i], &back[i]);
    hdb_buffer_free(&arena);
    hdb_buffer_free(&other);
}

/* A row that nobody wrote: each value in memory of its own, as a server may send it. */
static void check_engine_row(const hdb_value *values) {
    hdb_value in[COLUMNS + 1], out[COLUMNS];
    char *copies[COLUMNS + 1] = {NULL};
    hdb_buffer arena = HDB_BUFFER_INIT;
    for (int i = 0; i <= COLUMNS; i++) {
        in[i] = values[i];
        if (in[i].type != HDB_TYPE_TEXT && in[i].type != HDB_TYPE_BLOB)
            continue;
        copies[i] = malloc(in[i].as.bytes.size > 0 ? in[i].as.bytes.size : 1);
        CHECK(copies[i] != NULL);
        if (in[i].as.bytes.size > 0)
            memcpy(copies[i], in[i].as.bytes.data, in[i].as.bytes.size);
        in[i].as.bytes.data = copies[i];
    }
    if (hdb_row_from_engine(&table, in, &arena, out))
        for (int i = 0; i < COLUMNS; i++)
            check_binary(&out[i]);
    for (int i = 0; i <= COLUMNS; i++)
        free(copies[i]);
    hdb_buffer_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    hdb_value values[COLUMNS + 1];
    check_text((hdb_slice){(const char *)data, size});
    for (int i = 0; i <= COLUMNS; i++) {
        values[i] = fuzz_value(&input);
        check_binary(&values[i]);
    }
    check_row(values);
    check_engine_row(values);
    return 0;
}
