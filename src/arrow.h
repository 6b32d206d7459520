/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a block as Arrow's schema and arrays. Nothing here knows of statements. */
#ifndef HDB_ARROW_H
#define HDB_ARROW_H

#include "block.h"
#include "error.h"
#include <heliosdb/arrow.h>

/* What the values of a column are in Arrow, by their storage class: HDB_TYPE_NULL stands for Arrow's type of columns without
 * values. */
typedef struct hdb_arrow_column {
    char *name;
    int type; /* enum hdb_type */
} hdb_arrow_column;

/* Finds the type of each column from the rows of a block; one that has only NULL keeps the type that it has. Of several the
 * last one counts, in the order of enum hdb_type: doubles over integers. */
void hdb_arrow_infer(const hdb_block *block, hdb_arrow_column *columns);
/* Makes a schema, which does not need `columns` afterwards. HDB_OK or HDB_NOMEM. */
int hdb_arrow_schema(const hdb_arrow_column *columns, int count, struct ArrowSchema *out);
/* Makes an array of a block's rows, which does not need the block afterwards. `first` is the number of its first
 * row in the result, for messages. HDB_OK, HDB_NOMEM, HDB_MISMATCH for a value that does not fit, HDB_TOOBIG for more than
 * 2 GB. */
int hdb_arrow_array(const hdb_block *block, const hdb_arrow_column *columns, int64_t first, struct ArrowArray *out,
                    hdb_error *error);

#endif
