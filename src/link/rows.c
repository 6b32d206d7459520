/* SPDX-License-Identifier: Apache-2.0 */
/* Results: libpq's cells as values. Cells are converted when they are asked for and point into the PGresult. */
#include "link/pq_internal.h"

#include <endian.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hdb_rows {
    PGresult *result;
    enum hdb_row_format format;
};

static const struct {
    Oid oid;
    bool binary;
    const char *name;
} types[] = {
    {PQ_INT8, true, "bigint"},
    {PQ_TEXT, true, "text"},
    {PQ_FLOAT8, true, "double precision"},
    {PQ_BYTEA, true, "bytea"},
    {PQ_INT4, true, "integer"},
    {PQ_INT2, true, "smallint"},
    {PQ_BOOL, true, "boolean"},
    {PQ_FLOAT4, true, "real"},
    {PQ_OID, true, "oid"},
    {PQ_NAME, true, "name"},
    {PQ_BPCHAR, true, "character"},
    {PQ_VARCHAR, true, "character varying"},
    {PQ_UNKNOWN, true, "unknown"},
    {PQ_NUMERIC, false, "numeric"},
    {114, false, "json"},
    {3802, false, "jsonb"},
    {2950, false, "uuid"},
    {1082, false, "date"},
    {1083, false, "time without time zone"},
    {1266, false, "time with time zone"},
    {1114, false, "timestamp without time zone"},
    {1184, false, "timestamp with time zone"},
    {1186, false, "interval"},
};

static bool is_binary(Oid type) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].oid == type)
            return types[i].binary;
    return false;
}

bool pq_columns_are_binary(const PGresult *result) {
    int columns = PQnfields(result);

    for (int i = 0; i < columns; i++)
        if (!is_binary(PQftype(result, i)))
            return false;
    return true;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\x6162" becomes "\xab": the bytes begin after the prefix, which stays as the mark of a cell that was decoded. Their
 * number follows from the length that libpq keeps. */
static bool decode_hex(char *text, int length) {
    if (length < 2 || text[0] != '\\' || text[1] != 'x')
        return true;
    for (int i = 2, at = 2; i < length; i += 2) {
        int high = hex_digit(text[i]), low = i + 1 < length ? hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0)
            return false;
        text[at++] = (char)(high << 4 | low);
    }
    return true;
}

int pq_rows_decode(PGresult *result, hdb_error *error) {
    int columns = PQnfields(result);

    for (int column = 0; column < columns; column++) {
        if (PQftype(result, column) != PQ_BYTEA || PQfformat(result, column) != 0)
            continue;
        for (int row = PQntuples(result) - 1; row >= 0; row--)
            if (!PQgetisnull(result, row, column) &&
                !decode_hex(PQgetvalue(result, row, column), PQgetlength(result, row, column)))
                return hdb_error_set(error, HDB_CORRUPT, NULL, "the server sent a bytea that is not hexadecimal");
    }
    return HDB_OK;
}

/* Digits with a point among them, so few that both the number without the point and the power of ten are exact: then so is what
 * one division rounds. Most numbers are of that kind, and strtod() takes ten times as long. */
static bool parse_short(const char *text, double *out) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *text == '-';
    int64_t number = 0;
    int digits = 0, behind = -1; /* digits behind the point, -1: there is none yet */

    if (FLT_EVAL_METHOD != 0) /* a division would be rounded twice */
        return false;
    for (text += negative; digits <= 15; text++) {
        if (*text >= '0' && *text <= '9') {
            number = number * 10 + (*text - '0');
            digits++;
            behind += behind >= 0;
        } else if (*text == '.' && behind < 0) {
            behind = 0;
        } else {
            break;
        }
    }
    if (*text != '\0' || digits == 0 || digits > 15)
        return false;
    *out = (double)number / powers[behind > 0 ? behind : 0];
    if (negative)
        *out = -*out;
    return true;
}

/* strtod() of the C locale: a comma locale of the application must not change what a number means. */
static bool parse_double(const char *text, double *out) {
    char copy[400], *end;
    const char *point;

    if (parse_short(text, out))
        return true;
    point = localeconv()->decimal_point;
    if (strchr(text, '.') != NULL && strcmp(point, ".") != 0) {
        if (snprintf(copy, sizeof copy, "%.*s%s%s", (int)strcspn(text, "."), text, point, strchr(text, '.') + 1) >=
            (int)sizeof copy)
            return false;
        text = copy;
    }
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

int pq_double_text(double value, char *text) {
    int length, digits;

    if (isnan(value))
        return sprintf(text, "NaN");
    if (isinf(value))
        return sprintf(text, value < 0 ? "-Infinity" : "Infinity");
    length = sprintf(text, "%.17g", value);
    digits = (int)strspn(text, "-+0123456789eE");
    if (digits < length && text[digits] != '.') {
        int rest = digits + (int)strlen(localeconv()->decimal_point);
        text[digits] = '.';
        memmove(text + digits + 1, text + rest, (size_t)(length - rest) + 1);
        length -= rest - digits - 1;
    }
    return length;
}

static bool is_integer(Oid type) {
    return type == PQ_INT8 || type == PQ_INT4 || type == PQ_INT2 || type == PQ_OID;
}

/* A number told in text. What does not look like one is kept as the text it is. */
static hdb_value parse_number(Oid type, const char *text, size_t size) {
    char *end;
    double real;
    bool whole = size > 0 && strlen(text) == size; /* a NUL byte is not in any number */

    if (is_integer(type) && whole) {
        errno = 0;
        long long integer = strtoll(text, &end, 10);
        if (*end == '\0' && errno == 0)
            return hdb_value_integer(integer);
    }
    if (whole && parse_double(text, &real))
        return hdb_value_real(real);
    return hdb_value_text(text, size);
}

static hdb_value from_text(Oid type, const char *text, size_t size, enum hdb_row_format format) {
    if (type == PQ_BOOL)
        return hdb_value_integer(text[0] == 't' || text[0] == 'T' || text[0] == '1');
    if (is_integer(type) || type == PQ_FLOAT4 || type == PQ_FLOAT8 ||
        (type == PQ_NUMERIC && format == HDB_ROWS_SHOWN))
        return parse_number(type, text, size);
    if (type == PQ_BYTEA && size >= 2 && text[0] == '\\' && text[1] == 'x')
        return hdb_value_blob(text + 2, (size - 2) / 2);
    return type == PQ_BYTEA ? hdb_value_blob(text, size) : hdb_value_text(text, size);
}

static uint64_t big_endian(const char *bytes, size_t size) {
    uint64_t number = 0;

    if (size == sizeof number) {
        memcpy(&number, bytes, sizeof number);
        return be64toh(number);
    }
    for (size_t i = 0; i < size; i++)
        number = number << 8 | (unsigned char)bytes[i];
    return number;
}

static hdb_value from_binary(Oid type, const char *bytes, size_t size) {
    uint64_t number = size <= 8 ? big_endian(bytes, size) : 0;
    uint32_t half = (uint32_t)number;
    double real;
    float single;

    /* The engine has been seen to declare an integer and to send the text of a double: the width tells. */
    switch (type) {
    case PQ_BOOL:
        return size == 1 && (unsigned char)bytes[0] < 2 ? hdb_value_integer(bytes[0])
                                                        : from_text(type, bytes, size, HDB_ROWS_NATIVE);
    case PQ_INT8:
        return size == 8 ? hdb_value_integer((int64_t)number) : parse_number(type, bytes, size);
    case PQ_INT4:
        return size == 4 ? hdb_value_integer((int32_t)half) : parse_number(type, bytes, size);
    case PQ_OID:
        return size == 4 ? hdb_value_integer(half) : parse_number(type, bytes, size);
    case PQ_INT2:
        return size == 2 ? hdb_value_integer((int16_t)number) : parse_number(type, bytes, size);
    case PQ_FLOAT8:
        memcpy(&real, &number, sizeof real);
        return size == 8 ? hdb_value_real(real) : parse_number(type, bytes, size);
    case PQ_FLOAT4:
        memcpy(&single, &half, sizeof single);
        return size == 4 ? hdb_value_real((double)single) : parse_number(type, bytes, size);
    case PQ_BYTEA:
        return hdb_value_blob(bytes, size);
    default:
        return hdb_value_text(bytes, size);
    }
}

hdb_value pq_cell_of(const PGresult *result, int row, int column, pq_column kind, enum hdb_row_format format) {
    size_t size = (size_t)PQgetlength(result, row, column);
    const char *bytes;

    if (size == 0 && PQgetisnull(result, row, column))
        return hdb_value_null();
    bytes = PQgetvalue(result, row, column);
    return kind.binary ? from_binary(kind.type, bytes, size) : from_text(kind.type, bytes, size, format);
}

hdb_value pq_cell(const PGresult *result, int row, int column, enum hdb_row_format format) {
    return pq_cell_of(result, row, column, (pq_column){PQftype(result, column), PQfformat(result, column) != 0}, format);
}

int pq_rows_new(PGresult *result, enum hdb_row_format format, hdb_rows **out, hdb_error *error) {
    hdb_rows *rows = malloc(sizeof *rows);
    int rc = rows != NULL ? pq_rows_decode(result, error) : hdb_error_nomem(error);

    if (rc != HDB_OK) {
        PQclear(result);
        free(rows);
        return rc;
    }
    *rows = (hdb_rows){result, format};
    *out = rows;
    return HDB_OK;
}

void hdb_rows_free(hdb_rows *rows) {
    if (rows == NULL)
        return;
    PQclear(rows->result);
    free(rows);
}

int hdb_rows_count(const hdb_rows *rows) {
    return PQntuples(rows->result);
}

int hdb_rows_columns(const hdb_rows *rows) {
    return PQnfields(rows->result);
}

const char *hdb_rows_name(const hdb_rows *rows, int column) {
    const char *name = PQfname(rows->result, column);

    return name != NULL ? name : "";
}

const char *hdb_rows_type(const hdb_rows *rows, int column) {
    Oid type = PQftype(rows->result, column);

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].oid == type)
            return types[i].name;
    return "";
}

hdb_value hdb_rows_cell(const hdb_rows *rows, int row, int column) {
    return pq_cell(rows->result, row, column, rows->format);
}

const char *hdb_rows_text(const hdb_rows *rows, int row, int column) {
    hdb_value cell = hdb_rows_cell(rows, row, column);

    return cell.type == HDB_TYPE_TEXT ? cell.as.bytes.data : NULL;
}

int64_t hdb_rows_integer(const hdb_rows *rows, int row, int column) {
    hdb_value cell = hdb_rows_cell(rows, row, column);

    return cell.type == HDB_TYPE_INTEGER ? cell.as.integer : 0;
}

int64_t hdb_rows_affected(const hdb_rows *rows) {
    const char *tag = PQcmdStatus(rows->result), *count = PQcmdTuples(rows->result);

    if (tag == NULL) /* the server ended a statement without a word about it */
        return -1;
    if (strncmp(tag, "INSERT", 6) != 0 && strncmp(tag, "UPDATE", 6) != 0 && strncmp(tag, "DELETE", 6) != 0)
        return -1;
    return *count != '\0' ? strtoll(count, NULL, 10) : 0;
}
