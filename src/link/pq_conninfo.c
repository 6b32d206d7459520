/* SPDX-License-Identifier: Apache-2.0 */
/* What can be shown of a conninfo. */
#include "buffer.h"
#include "link/pq_internal.h"

#include <string.h>

static void put_value(hdb_buffer *out, const char *value) {
    hdb_buffer_char(out, '\'');
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            hdb_buffer_char(out, '\\');
        hdb_buffer_char(out, *value);
    }
    hdb_buffer_char(out, '\'');
}

char *hdb_link_show_conninfo(const char *conninfo) {
    hdb_buffer out = HDB_BUFFER_INIT;
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        bool secret = strstr(option->keyword, "password") != NULL && strcmp(option->keyword, "passfile") != 0;
        if (!option->val)
            continue;
        hdb_buffer_format(&out, "%s%s=", out.size ? " " : "", option->keyword);
        put_value(&out, secret ? "****" : option->val);
    }
    PQconninfoFree(options);
    if (out.size == 0)
        hdb_buffer_text(&out, "");
    return hdb_buffer_take(&out);
}
