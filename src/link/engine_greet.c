/* SPDX-License-Identifier: Apache-2.0 */
#include "link/engine_greet.h"

#include "buffer.h"
#include "link/engine_files.h"
#include "link/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 10000 };

static void append_quoted(hdb_buffer *out, const char *value) {
    hdb_buffer_char(out, '\'');
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            hdb_buffer_char(out, '\\');
        hdb_buffer_char(out, *value);
    }
    hdb_buffer_char(out, '\'');
}

/* Variables such as PGHOSTADDR must not lead elsewhere, so what they could set is set. */
int hdb_engine_make_conninfo(const char *directory, const char *sockets, char **out, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    char *secret = hdb_engine_read_line(directory, "secret");

    hdb_buffer_text(&text, "host=");
    append_quoted(&text, sockets);
    hdb_buffer_text(&text, " port=5432 hostaddr='' dbname=postgres user=postgres password=");
    append_quoted(&text, secret != NULL ? secret : "");
    hdb_buffer_text(&text, " options='' sslmode=disable gssencmode=disable channel_binding=prefer "
                           "target_session_attrs=any requirepeer=''");
    free(secret);
    *out = hdb_buffer_take(&text);
    return *out != NULL ? HDB_OK : hdb_error_nomem(error);
}

/* Whoever came first may have started an engine that is too old for us. A later one of the same major version will do. */
static int check_version(const char *text, const char *directory, hdb_error *error) {
    int own[3] = {0}, found[3] = {0};
    const char *name = strstr(text, "HeliosDB Nano ");

    sscanf(HDB_ENGINE_VERSION, "%d.%d.%d", &own[0], &own[1], &own[2]);
    if (name != NULL && sscanf(name, "HeliosDB Nano %d.%d.%d", &found[0], &found[1], &found[2]) == 3 &&
        found[0] == own[0] && (found[1] > own[1] || (found[1] == own[1] && found[2] >= own[2])))
        return HDB_OK;
    return hdb_error_set(error, HDB_CANTOPEN, NULL,
                         "the engine that runs on %s is %s; needed is HeliosDB Nano " HDB_ENGINE_VERSION
                         " or a later one of its major version",
                         directory, text);
}

int hdb_engine_greet(const char *conninfo, const char *directory, hdb_error *error) {
    hdb_rows *rows = NULL;
    hdb_link *link = NULL;
    char text[128] = "";
    int rc = hdb_link_open(conninfo, CONNECT_MS, NULL, &link, error);

    if (rc == HDB_OK) {
        hdb_link_set_deadline(link, CONNECT_MS);
        rc = hdb_link_query(link, "SELECT version()", NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    }
    if (rc == HDB_OK && hdb_rows_count(rows) == 1) {
        hdb_value cell = hdb_rows_cell(rows, 0, 0);
        if (cell.type == HDB_TYPE_TEXT)
            snprintf(text, sizeof text, "%.*s", (int)cell.as.bytes.size, cell.as.bytes.data);
    }
    if (rc == HDB_OK)
        rc = check_version(text, directory, error);
    hdb_rows_free(rows);
    hdb_link_close(link);
    return rc;
}
