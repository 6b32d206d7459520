/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings of one value.
 *
 * Binary, for log entries and keys: a tag byte and the content; exact for every value SQLite can hold.
 * Text, for engine columns that take any value and for "_hdb_odd": readable, and as exact:
 *     42   1.5   1.0   Infinity   'text as it is'   t'hex of text the engine can't store'   x'hex of a blob'
 */
#ifndef HDB_CELL_H
#define HDB_CELL_H

#include "buffer.h"
#include "record/table.h"
#include "value.h"

/* Unsigned number, 7 bits a byte. */
void hdb_put_number(hdb_buffer *buffer, uint64_t number);
void hdb_put_bytes(hdb_buffer *buffer, const void *data, size_t size);
void hdb_put_value(hdb_buffer *buffer, const hdb_value *value);

/* A place in encoded bytes; `failed` is sticky: check it once. */
typedef struct hdb_reader {
    const char *at, *end;
    bool failed;
} hdb_reader;
uint64_t hdb_get_number(hdb_reader *reader);
/* Bytes inside the encoded text: borrowed. */
const char *hdb_get_bytes(hdb_reader *reader, size_t *size);
hdb_value hdb_get_value(hdb_reader *reader);

/* The text form. NULL is no text: check for it first. */
void hdb_cell_encode(hdb_buffer *buffer, const hdb_value *value);
/* Reads a text form; text and blobs in hex are decoded into `arena`, which must not move: give it enough capacity with
 * hdb_buffer_reserve(). false if it is malformed. */
bool hdb_cell_decode(const char *text, size_t size, hdb_buffer *arena, hdb_value *out);

/* Whether a value's storage class is the one its column holds natively, and the engine keeps it exactly. */
bool hdb_cell_is_ordinary(enum hdb_affinity affinity, const hdb_value *value);

/* A row as the engine holds it. `cells` are the column_count values of the row; `out` gets column_count values and
 * then "_hdb_odd" (column_count + 1 in all). Encoded text lies in `arena` (reset by the caller between rows). */
bool hdb_row_to_engine(const hdb_table *table, const hdb_value *cells, hdb_buffer *arena, hdb_value *out);
/* The reverse: `in` has column_count + 1 engine values, `out` gets column_count. */
bool hdb_row_from_engine(const hdb_table *table, const hdb_value *in, hdb_buffer *arena, hdb_value *out);
/* A value as part of a key: values that SQLite takes for equal are encoded alike. */
void hdb_put_key(hdb_buffer *buffer, const hdb_value *value);
/* The "_hdb_key" of a WITHOUT ROWID row: its key columns, encoded. */
void hdb_row_key(const hdb_table *table, const hdb_value *cells, hdb_buffer *out);

#endif
