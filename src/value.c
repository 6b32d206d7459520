/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <string.h>

bool hdb_value_identical(const hdb_value *a, const hdb_value *b) {
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case HDB_TYPE_INTEGER:
        return a->as.integer == b->as.integer;
    case HDB_TYPE_FLOAT:
        return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case HDB_TYPE_TEXT:
    case HDB_TYPE_BLOB:
        return a->as.bytes.size == b->as.bytes.size &&
               (a->as.bytes.size == 0 || memcmp(a->as.bytes.data, b->as.bytes.data, a->as.bytes.size) == 0);
    default:
        return true;
    }
}
