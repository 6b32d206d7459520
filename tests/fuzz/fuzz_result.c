/* SPDX-License-Identifier: Apache-2.0 */
/* A server's answer, whatever types, formats and lengths it has: every cell is read, lies in the answer, and is an integer
 * only if it says so. */
#include "fuzz.h"
#include "link/pq_internal.h"
#include <errno.h>

enum { COLUMNS_MAX = 4, ROWS_MAX = 4 };

static Oid choose_type(fuzz_input *input) {
    static const Oid types[] = {PQ_BOOL, PQ_BYTEA,  PQ_NAME,   PQ_INT8,    PQ_INT2, PQ_INT4, PQ_TEXT,    PQ_OID,
                                PQ_FLOAT4, PQ_FLOAT8, PQ_UNKNOWN, PQ_BPCHAR, PQ_VARCHAR, PQ_NUMERIC, 114, 3802};
    const uint8_t chosen = fuzz_byte(input);
    return chosen < 0xf0 ? types[chosen % (sizeof types / sizeof types[0])] : (Oid)fuzz_number(input);
}

static PGresult *make_result(fuzz_input *input) {
    PGresAttDesc columns[COLUMNS_MAX];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    const int count = 1 + fuzz_byte(input) % COLUMNS_MAX, rows = fuzz_byte(input) % ROWS_MAX;
    CHECK(result != NULL);
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < count; i++) {
        columns[i].name = (char *)"c";
        columns[i].typid = choose_type(input);
        columns[i].format = fuzz_byte(input) % 2;
    }
    CHECK(PQsetResultAttrs(result, count, columns));
    for (int row = 0; row < rows; row++) {
        for (int i = 0; i < count; i++) {
            const hdb_slice piece = fuzz_piece(input);
            char *cell = fuzz_text(piece);
            CHECK(PQsetvalue(result, row, i, cell, (int)piece.size));
            free(cell);
        }
    }
    return result;
}

/* A text is the integer that all of it says, if that has 64 bits. */
static void check_integer_text(const char *text, size_t size, const hdb_value *value) {
    char *end = NULL;
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    if (size == 0 || end != text + size || errno == ERANGE)
        CHECK(value->type != HDB_TYPE_INTEGER);
    else
        CHECK(value->type == HDB_TYPE_INTEGER && value->as.integer == number);
}

static void check_cell(const PGresult *result, int row, int column, const char *text, hdb_value value) {
    const Oid type = PQftype(result, column);
    const size_t size = (size_t)PQgetlength(result, row, column);
    if (value.type == HDB_TYPE_TEXT || value.type == HDB_TYPE_BLOB) {
        const char *cell = PQgetvalue(result, row, column);
        CHECK(value.as.bytes.size <= size && value.as.bytes.data >= cell);
        CHECK(value.as.bytes.data + value.as.bytes.size <= cell + size);
    }
    if (PQfformat(result, column) == 0 && (type == PQ_INT8 || type == PQ_INT4 || type == PQ_INT2))
        check_integer_text(text, size, &value);
    if (type == PQ_BYTEA)
        CHECK(value.type == HDB_TYPE_BLOB);
    if (type == PQ_TEXT)
        CHECK(value.type == HDB_TYPE_TEXT && value.as.bytes.size == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    PGresult *result = make_result(&input);
    const enum hdb_row_format format = fuzz_byte(&input) % 2 ? HDB_ROWS_SHOWN : HDB_ROWS_NATIVE;
    hdb_error error = HDB_ERROR_INIT;
    hdb_rows *rows = NULL;
    (void)pq_columns_are_binary(result);
    const int rc = pq_rows_new(result, format, &rows, &error);
    CHECK(rc == HDB_OK || (rc == HDB_CORRUPT && rows == NULL)); /* bytes in hexadecimal digits that are none */
    hdb_error_clear(&error);
    if (rc != HDB_OK)
        return 0;
    for (int row = 0; row < hdb_rows_count(rows); row++)
        for (int column = 0; column < hdb_rows_columns(rows); column++)
            check_cell(result, row, column, PQgetvalue(result, row, column), hdb_rows_cell(rows, row, column));
    (void)hdb_rows_affected(rows);
    hdb_rows_free(rows);
    return 0;
}
