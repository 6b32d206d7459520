/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/refusal.h"

static const struct {
    const char *name, *text;
} refusals[] = {
    {"", ""},
#define ROW(name, text) {#name, text},
    HDB_REFUSALS(ROW)
#undef ROW
};

const char *hdb_refusal_text(enum hdb_refusal refusal) {
    return refusals[refusal].text;
}

const char *hdb_refusal_name(enum hdb_refusal refusal) {
    return refusals[refusal].name;
}
