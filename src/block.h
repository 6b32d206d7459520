/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by columns in one piece of memory, as <heliosdb/block.h> describes it: one that grows, and one that is read. */
#ifndef HDB_BLOCK_H
#define HDB_BLOCK_H

#include "buffer.h"
#include "value.h"
#include <heliosdb/block.h>

typedef struct hdb_block_column {
    int form;            /* enum hdb_block_form, of the rows that are there */
    hdb_buffer numbers;  /* int64 or double of each row; lengths of texts */
    hdb_buffer types;    /* mixed: of each row */
    hdb_buffer bytes;    /* texts and blobs, each followed by NUL */
} hdb_block_column;

/* A block in the making. Zeroed, it is empty; memory that runs out is told once, by hdb_block_check(). */
typedef struct hdb_block {
    int64_t rows;
    int column_count, capacity; /* columns in use, and columns whose buffers are kept */
    hdb_block_column *columns;
    hdb_buffer text; /* the finished block */
} hdb_block;

/* Empties it for rows of so many columns; its memory stays. HDB_OK or HDB_NOMEM. */
int hdb_block_begin(hdb_block *block, int column_count);
/* Appends a value to a column; every column gets one for each row, then `rows` is counted up by the caller. */
void hdb_block_append(hdb_block *block, int column, const hdb_value *value);
/* Bytes that the values need by now. */
size_t hdb_block_size(const hdb_block *block);
/* HDB_NOMEM if memory ran out since hdb_block_begin(): the values are not complete. */
int hdb_block_check(const hdb_block *block);
/* Puts all into `text`. HDB_OK or HDB_NOMEM. */
int hdb_block_finish(hdb_block *block);
void hdb_block_free(hdb_block *block);
/* Gives memory back, if it holds more than a small block needs; it is empty then. */
void hdb_block_trim(hdb_block *block);

/* A column of a block that is read. */
typedef struct hdb_block_cursor {
    int form;
    const int64_t *numbers;
    const unsigned char *types;
    const char *bytes, *end; /* what is left of texts and blobs */
} hdb_block_cursor;

/* Begins to read a column of a block in the making, which must not be appended to meanwhile. */
hdb_block_cursor hdb_block_column_of(const hdb_block *block, int column);
/* Rows and columns of a block that may be anything. HDB_OK, or HDB_MISUSE for one that has no such columns. */
int hdb_block_open(const void *block, size_t size, int64_t *rows, int64_t *columns);
/* Begins to read a column. HDB_OK, or HDB_MISUSE if any of its values lies outside its data or is malformed: the values
 * can be read without a further look. */
int hdb_block_column_open(hdb_block_cursor *cursor, const void *block, size_t size, int64_t column);
/* The same for the data of a mixed column by itself, of so many rows. */
int hdb_block_values_open(hdb_block_cursor *cursor, const void *values, size_t size, uint64_t rows);
/* The value of a row; the rows are asked for in their order. It points into the block. */
hdb_value hdb_block_next(hdb_block_cursor *cursor, int64_t row);

#endif
