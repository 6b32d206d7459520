/* SPDX-License-Identifier: Apache-2.0 */
#include "record/cell.h"

#include "record/native.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 10, FIXED = 8 }; /* bytes */

static char *write_number(char *at, uint64_t number) {
    for (; number > 0x7f; number >>= 7)
        *at++ = (char)((number & 0x7f) | 0x80);
    *at++ = (char)number;
    return at;
}

static char *write_fixed(char *at, uint64_t bits) {
    for (int i = 0; i < FIXED; i++)
        at[i] = (char)(bits >> (56 - 8 * i));
    return at + FIXED;
}

static char *write_bytes(char *at, const void *data, size_t size) {
    at = write_number(at, size);
    if (size > 0)
        memcpy(at, data, size);
    return at + size;
}

/* What was written after hdb_buffer_reserve() is there. */
static void end_at(hdb_buffer *buffer, char *at) {
    *at = '\0';
    buffer->size = (size_t)(at - buffer->data);
}

void hdb_put_number(hdb_buffer *buffer, uint64_t number) {
    if (hdb_buffer_reserve(buffer, NUMBER_MAX))
        end_at(buffer, write_number(buffer->data + buffer->size, number));
}

void hdb_put_bytes(hdb_buffer *buffer, const void *data, size_t size) {
    if (hdb_buffer_reserve(buffer, NUMBER_MAX + size))
        end_at(buffer, write_bytes(buffer->data + buffer->size, data, size));
}

static uint64_t get_fixed(const char *data) {
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | (unsigned char)data[i];
    return bits;
}

void hdb_put_value(hdb_buffer *buffer, const hdb_value *value) {
    bool is_bytes = value->type == HDB_TYPE_TEXT || value->type == HDB_TYPE_BLOB;
    uint64_t bits = 0;
    if (!hdb_buffer_reserve(buffer, 1 + NUMBER_MAX + (is_bytes ? value->as.bytes.size : 0)))
        return;
    char *at = buffer->data + buffer->size;
    *at++ = (char)value->type;
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        at = write_fixed(at, (uint64_t)value->as.integer);
        break;
    case HDB_TYPE_FLOAT:
        memcpy(&bits, &value->as.real, sizeof bits);
        at = write_fixed(at, bits);
        break;
    case HDB_TYPE_TEXT:
    case HDB_TYPE_BLOB:
        at = write_bytes(at, value->as.bytes.data, value->as.bytes.size);
        break;
    default:
        break;
    }
    end_at(buffer, at);
}

uint64_t hdb_get_number(hdb_reader *reader) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        unsigned char byte = (unsigned char)*reader->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
    reader->failed = true;
    return 0;
}

const char *hdb_get_bytes(hdb_reader *reader, size_t *size) {
    uint64_t wanted = hdb_get_number(reader);
    if (reader->failed || wanted > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        *size = 0;
        return "";
    }
    const char *data = reader->at;
    *size = (size_t)wanted;
    reader->at += wanted;
    return data;
}

hdb_value hdb_get_value(hdb_reader *reader) {
    size_t size = 0;
    double real = 0;
    if (reader->at >= reader->end) {
        reader->failed = true;
        return hdb_value_null();
    }
    int type = *reader->at++;
    switch (type) {
    case HDB_TYPE_INTEGER:
    case HDB_TYPE_FLOAT:
        if (reader->end - reader->at < 8)
            break;
        reader->at += 8;
        uint64_t bits = get_fixed(reader->at - 8);
        if (type == HDB_TYPE_INTEGER)
            return hdb_value_integer((int64_t)bits);
        memcpy(&real, &bits, sizeof real);
        return hdb_value_real(real);
    case HDB_TYPE_TEXT:
    case HDB_TYPE_BLOB: {
        const char *data = hdb_get_bytes(reader, &size);
        return type == HDB_TYPE_TEXT ? hdb_value_text(data, size) : hdb_value_blob(data, size);
    }
    case HDB_TYPE_NULL:
        return hdb_value_null();
    default:
        break;
    }
    reader->failed = true;
    return hdb_value_null();
}

/* Text that a PostgreSQL TEXT column takes: UTF-8 as PostgreSQL checks it, without NUL. */
static bool is_storable_text(const char *data, size_t size) {
    const unsigned char *at = (const unsigned char *)data, *end = at + size;
    while (at < end) {
        unsigned char lead = *at++;
        if (lead == 0)
            return false;
        if (lead < 0x80)
            continue;
        int more = lead >= 0xf0 && lead <= 0xf4 ? 3 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xc2 && lead < 0xe0 ? 1 : 0;
        if (more == 0 || end - at < more)
            return false;
        if ((lead == 0xe0 && at[0] < 0xa0) || (lead == 0xed && at[0] > 0x9f) || (lead == 0xf0 && at[0] < 0x90) ||
            (lead == 0xf4 && at[0] > 0x8f))
            return false;
        for (; more > 0; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static void put_hex(hdb_buffer *buffer, char prefix, const char *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    hdb_buffer_char(buffer, prefix);
    hdb_buffer_char(buffer, '\'');
    for (size_t i = 0; i < size; i++) {
        hdb_buffer_char(buffer, digits[(unsigned char)data[i] >> 4]);
        hdb_buffer_char(buffer, digits[data[i] & 15]);
    }
    hdb_buffer_char(buffer, '\'');
}

/* A double with a point, an exponent or a name in it, so that it can't be taken for an integer; the decimal point is a
 * point whatever the locale. */
static void put_real(hdb_buffer *buffer, double real) {
    char text[40];
    if (isinf(real)) {
        hdb_buffer_text(buffer, real < 0 ? "-Infinity" : "Infinity");
        return;
    }
    snprintf(text, sizeof text, "%.17g", real);
    for (char *c = text; *c; c++)
        if (*c == ',')
            *c = '.';
    hdb_buffer_text(buffer, text);
    if (!strpbrk(text, ".e"))
        hdb_buffer_text(buffer, ".0");
}

void hdb_cell_encode(hdb_buffer *buffer, const hdb_value *value) {
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        hdb_buffer_format(buffer, "%lld", (long long)value->as.integer);
        break;
    case HDB_TYPE_FLOAT:
        put_real(buffer, value->as.real);
        break;
    case HDB_TYPE_TEXT:
        if (!is_storable_text(value->as.bytes.data, value->as.bytes.size)) {
            put_hex(buffer, 't', value->as.bytes.data, value->as.bytes.size);
            break;
        }
        hdb_buffer_char(buffer, '\'');
        hdb_buffer_append(buffer, value->as.bytes.data, value->as.bytes.size);
        hdb_buffer_char(buffer, '\'');
        break;
    case HDB_TYPE_BLOB:
        put_hex(buffer, 'x', value->as.bytes.data, value->as.bytes.size);
        break;
    default:
        break;
    }
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_hex(const char *text, size_t size, hdb_buffer *arena, hdb_value *out) {
    if (size < 3 || size % 2 == 0 || text[size - 1] != '\'')
        return false;
    size_t start = arena->size, count = (size - 3) / 2;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(text[2 + 2 * i]), low = hex_digit(text[3 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        hdb_buffer_char(arena, (char)(high << 4 | low));
    }
    if (arena->failed)
        return false;
    const char *data = count ? arena->data + start : "";
    *out = *text == 't' ? hdb_value_text(data, count) : hdb_value_blob(data, count);
    return true;
}

static bool decode_number(const char *text, size_t size, hdb_value *out) {
    char copy[48], *end = NULL;
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (strcmp(copy, "Infinity") == 0 || strcmp(copy, "-Infinity") == 0) {
        *out = hdb_value_real(*copy == '-' ? -INFINITY : INFINITY);
        return true;
    }
    /* strtod() knows names and hexadecimal digits too. */
    if (strspn(copy, "0123456789+-.e") != size)
        return false;
    if (!strpbrk(copy, ".e")) {
        errno = 0;
        *out = hdb_value_integer(strtoll(copy, &end, 10));
        return *end == '\0' && errno == 0;
    }
    *out = hdb_value_real(strtod(copy, &end));
    if (*end == '.') { /* a locale with a decimal comma */
        *end = ',';
        *out = hdb_value_real(strtod(copy, &end));
    }
    return *end == '\0' && isfinite(out->as.real);
}

bool hdb_cell_decode(const char *text, size_t size, hdb_buffer *arena, hdb_value *out) {
    if (size >= 2 && text[0] == '\'' && text[size - 1] == '\'') {
        *out = hdb_value_text(text + 1, size - 2);
        return true;
    }
    if (size >= 3 && (text[0] == 'x' || text[0] == 't') && text[1] == '\'')
        return decode_hex(text, size, arena, out);
    return decode_number(text, size, out);
}

bool hdb_cell_is_ordinary(enum hdb_affinity affinity, const hdb_value *value) {
    switch (affinity) {
    case HDB_AFFINITY_INTEGER:
        return value->type == HDB_TYPE_INTEGER;
    case HDB_AFFINITY_REAL:
        return value->type == HDB_TYPE_FLOAT;
    case HDB_AFFINITY_TEXT:
        return value->type == HDB_TYPE_TEXT && is_storable_text(value->as.bytes.data, value->as.bytes.size);
    case HDB_AFFINITY_BLOB:
        return value->type == HDB_TYPE_BLOB;
    case HDB_AFFINITY_ANY:
    case HDB_AFFINITY_VECTOR:
    case HDB_AFFINITY_JSON:
    case HDB_AFFINITY_UUID:
        break;
    }
    return false;
}

/* "_hdb_odd" holds `column:text form` pairs as binary-safe text: "2:'abc'", each ended by U+001F, which can't be in the
 * hex and number forms; text that holds it is written in hex. */
#define ODD_END '\x1f'

static void put_odd(hdb_buffer *buffer, int column, const hdb_value *value) {
    hdb_buffer_format(buffer, "%d:", column);
    if (value->type == HDB_TYPE_TEXT && value->as.bytes.size && memchr(value->as.bytes.data, ODD_END, value->as.bytes.size))
        put_hex(buffer, 't', value->as.bytes.data, value->as.bytes.size);
    else
        hdb_cell_encode(buffer, value);
    hdb_buffer_char(buffer, ODD_END);
}

/* Whether a column's cells have a text form of their own, in the arena. */
static bool has_form(enum hdb_affinity affinity) {
    return affinity == HDB_AFFINITY_ANY || hdb_native_is(affinity);
}

/* Appends the forms. They may move the arena: where each begins is kept in its value's size meanwhile. */
static void put_forms(const hdb_table *table, const hdb_value *cells, hdb_buffer *arena, hdb_value *out) {
    for (int i = 0; i < table->column_count; i++) {
        const hdb_column *column = &table->columns[i];
        size_t start = arena->size;
        out[i] = cells[i];
        if (cells[i].type == HDB_TYPE_NULL || !has_form(column->affinity))
            continue;
        if (column->affinity == HDB_AFFINITY_ANY) {
            hdb_cell_encode(arena, &cells[i]);
        } else if (!hdb_native_form(column, &cells[i], arena)) {
            out[i] = hdb_value_null();
            continue;
        }
        out[i] = hdb_value_text(NULL, start);
        hdb_buffer_char(arena, '\0');
    }
}

/* Whether "_hdb_odd" must tell what a cell holds; `out` as put_forms() left it. */
static bool is_odd(const hdb_column *column, const hdb_value *cell, const hdb_buffer *arena, const hdb_value *out) {
    if (cell->type == HDB_TYPE_NULL || column->affinity == HDB_AFFINITY_ANY)
        return false;
    if (!hdb_native_is(column->affinity))
        return !hdb_cell_is_ordinary(column->affinity, cell);
    return out->type == HDB_TYPE_NULL || !hdb_native_is_exact(column, cell, arena->data + out->as.bytes.size);
}

bool hdb_row_to_engine(const hdb_table *table, const hdb_value *cells, hdb_buffer *arena, hdb_value *out) {
    put_forms(table, cells, arena, out);
    size_t odd_start = arena->size, end = odd_start;
    for (int i = 0; !arena->failed && i < table->column_count; i++) {
        if (!is_odd(&table->columns[i], &cells[i], arena, &out[i]))
            continue;
        put_odd(arena, i, &cells[i]);
        if (!has_form(table->columns[i].affinity))
            out[i] = hdb_value_null();
    }
    if (arena->failed)
        return false;
    for (int i = table->column_count - 1; i >= 0; i--) {
        if (out[i].type == HDB_TYPE_NULL || !has_form(table->columns[i].affinity))
            continue;
        size_t start = out[i].as.bytes.size;
        out[i] = hdb_value_text(arena->data + start, end - start - 1);
        end = start;
    }
    out[table->column_count] = arena->size > odd_start ? hdb_value_text(arena->data + odd_start, arena->size - odd_start)
                                                      : hdb_value_null();
    return true;
}

/* The number of a column and what comes after its colon; -1 if there is no such column. */
static int take_column(const hdb_table *table, const char **at, const char *end) {
    int column = 0, digits = 0;
    for (; *at < end && **at >= '0' && **at <= '9' && column < table->column_count; (*at)++, digits++)
        column = column * 10 + (**at - '0');
    if (digits == 0 || *at == end || **at != ':' || column >= table->column_count)
        return -1;
    (*at)++;
    return column;
}

static bool take_odd(const hdb_table *table, const hdb_value *odd, hdb_buffer *arena, hdb_value *out) {
    const char *at = odd->as.bytes.data, *end = at + odd->as.bytes.size;
    while (at < end) {
        hdb_value value;
        const char *stop = memchr(at, ODD_END, (size_t)(end - at));
        int column = stop ? take_column(table, &at, stop) : -1;
        if (column < 0)
            return false;
        if (!hdb_cell_decode(at, (size_t)(stop - at), arena, &value))
            return false;
        if (!hdb_native_is(table->columns[column].affinity) ||
            hdb_native_agrees(&table->columns[column], &value, &out[column]))
            out[column] = value;
        at = stop + 1;
    }
    return true;
}

bool hdb_row_from_engine(const hdb_table *table, const hdb_value *in, hdb_buffer *arena, hdb_value *out) {
    size_t needed = 0;
    for (int i = 0; i <= table->column_count; i++)
        if (in[i].type == HDB_TYPE_TEXT)
            needed += in[i].as.bytes.size;
    hdb_buffer_reset(arena);
    if (!hdb_buffer_reserve(arena, needed + 1))
        return false;
    for (int i = 0; i < table->column_count; i++) {
        out[i] = in[i];
        if (table->columns[i].affinity != HDB_AFFINITY_ANY || in[i].type == HDB_TYPE_NULL)
            continue;
        if (in[i].type != HDB_TYPE_TEXT || !hdb_cell_decode(in[i].as.bytes.data, in[i].as.bytes.size, arena, &out[i]))
            return false;
    }
    const hdb_value *odd = &in[table->column_count];
    return odd->type != HDB_TYPE_TEXT || take_odd(table, odd, arena, out);
}

void hdb_put_key(hdb_buffer *buffer, const hdb_value *value) {
    hdb_value key = *value;
    /* Equal keys are one key in SQLite: 1.0 is 1. Its hook does not tell them apart reliably either. */
    if (key.type == HDB_TYPE_FLOAT && key.as.real >= -9223372036854775808.0 && key.as.real < 9223372036854775808.0 &&
        (double)(int64_t)key.as.real == key.as.real)
        key = hdb_value_integer((int64_t)key.as.real);
    hdb_put_value(buffer, &key);
}

void hdb_row_key(const hdb_table *table, const hdb_value *cells, hdb_buffer *out) {
    for (int place = 1; place <= table->column_count; place++)
        for (int i = 0; i < table->column_count; i++)
            if (table->columns[i].key == place)
                hdb_put_key(out, &cells[i]);
}
