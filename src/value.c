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

bool hdb_text_is_utf8(const char *text, size_t size) {
    const unsigned char *at = (const unsigned char *)text, *end = at + size;

    while (at < end) {
        int more = *at < 0x80 ? 0 : *at < 0xc2 ? -1 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf5 ? 3 : -1;
        if (more < 0 || end - at <= more)
            return false;
        /* No overlong forms, surrogates, or numbers past U+10FFFF. */
        if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) ||
            (*at == 0xf4 && at[1] > 0x8f))
            return false;
        for (at++; more > 0; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}
