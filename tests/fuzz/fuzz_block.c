/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of rows. Anything is a block whose values lie in it, or is refused; rows of values come back as they were. */
#include "block.h"
#include "fuzz.h"

enum { COLUMNS = 3 };

static void check_value(const hdb_value *value, const char *data, size_t size) {
    if (value->type == HDB_TYPE_TEXT || value->type == HDB_TYPE_BLOB)
        CHECK(value->as.bytes.data >= data && value->as.bytes.size < (size_t)(data + size - value->as.bytes.data));
}

/* In memory that ends where the block ends. */
static void check_any(const uint8_t *data, size_t size) {
    int64_t rows = 0, columns = 0;
    hdb_block_cursor cursor;
    char *copy = malloc(size > 0 ? size : 1);
    CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    if (hdb_block_open(copy, size, &rows, &columns) == HDB_OK)
        for (int64_t i = 0; i < columns; i++)
            if (hdb_block_column_open(&cursor, copy, size, i) == HDB_OK)
                for (int64_t row = 0; row < rows && row < 1000; row++) {
                    const hdb_value value = hdb_block_next(&cursor, row);
                    check_value(&value, copy, size);
                }
    free(copy);
}

static void check_rows(fuzz_input input) {
    hdb_block block = {0};
    hdb_value values[16][COLUMNS];
    int64_t rows = 0, columns = 0;
    int count = fuzz_byte(&input) % 16;
    CHECK(hdb_block_begin(&block, COLUMNS) == HDB_OK);
    for (int row = 0; row < count; row++, block.rows++)
        for (int column = 0; column < COLUMNS; column++) {
            values[row][column] = fuzz_value(&input);
            hdb_block_append(&block, column, &values[row][column]);
        }
    CHECK(hdb_block_finish(&block) == HDB_OK);
    CHECK(hdb_block_open(block.text.data, block.text.size, &rows, &columns) == HDB_OK && rows == count && columns == COLUMNS);
    for (int column = 0; column < COLUMNS; column++) {
        hdb_block_cursor cursor;
        CHECK(hdb_block_column_open(&cursor, block.text.data, block.text.size, column) == HDB_OK);
        for (int row = 0; row < count; row++) {
            const hdb_value value = hdb_block_next(&cursor, row);
            CHECK(hdb_value_identical(&value, &values[row][column]));
        }
    }
    check_any((const uint8_t *)block.text.data, block.text.size);
    hdb_block_free(&block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_any(data, size);
    check_rows((fuzz_input){data, size});
    return 0;
}
