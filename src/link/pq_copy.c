/* SPDX-License-Identifier: Apache-2.0 */
/* COPY ... FROM STDIN in text format. */
#include "link/pq_internal.h"

#include <inttypes.h>
#include <string.h>

/* Rows are gathered up to this size before they are handed to libpq. */
enum { CHUNK = 64 * 1024 };

int hdb_link_copy_start(hdb_link *link, const char *sql, hdb_error *error) {
    PGresult *result;
    int rc = pq_check_idle(link, error);

    if (rc != HDB_OK)
        return rc;
    if (!PQsendQuery(link->conn, sql))
        return pq_lost(link, error);
    if ((rc = pq_wait_result(link, error)) != HDB_OK)
        return rc;
    result = PQgetResult(link->conn);
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        PQclear(result);
        hdb_buffer_reset(&link->copy);
        link->copying = true;
        return HDB_OK;
    }
    rc = PQresultStatus(result) == PGRES_FATAL_ERROR
             ? pq_from_result(link, result, sql, error)
             : hdb_error_set(error, HDB_INTERNAL, NULL, "not a COPY FROM STDIN");
    PQclear(result);
    if (link->conn != NULL) {
        hdb_error ignored = HDB_ERROR_INIT;
        pq_collect(link, sql, NULL, &ignored);
        hdb_error_clear(&ignored);
    }
    return rc;
}

static void append_text(hdb_buffer *out, const char *text, size_t size) {
    static const char special[] = "\\\n\r\t", letters[] = "\\nrt";
    size_t start = 0;

    for (size_t i = 0; i < size; i++) {
        const char *found = text[i] != '\0' ? strchr(special, text[i]) : NULL;
        if (found == NULL)
            continue;
        hdb_buffer_append(out, text + start, i - start);
        hdb_buffer_char(out, '\\');
        hdb_buffer_char(out, letters[found - special]);
        start = i + 1;
    }
    hdb_buffer_append(out, text + start, size - start);
}

static void append_hex(hdb_buffer *out, const char *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    char pair[2];

    hdb_buffer_text(out, "\\\\x");
    for (size_t i = 0; i < size; i++) {
        pair[0] = digits[(unsigned char)bytes[i] >> 4];
        pair[1] = digits[(unsigned char)bytes[i] & 15];
        hdb_buffer_append(out, pair, 2);
    }
}

static void append_cell(hdb_buffer *out, const hdb_value *cell) {
    char number[32];

    switch (cell->type) {
    case HDB_TYPE_INTEGER:
        hdb_buffer_format(out, "%" PRId64, cell->as.integer);
        break;
    case HDB_TYPE_FLOAT:
        hdb_buffer_append(out, number, (size_t)pq_double_text(cell->as.real, number));
        break;
    case HDB_TYPE_TEXT:
        append_text(out, cell->as.bytes.data, cell->as.bytes.size);
        break;
    case HDB_TYPE_BLOB:
        append_hex(out, cell->as.bytes.data, cell->as.bytes.size);
        break;
    default:
        hdb_buffer_text(out, "\\N");
    }
}

static int send_rows(hdb_link *link, hdb_error *error) {
    int rc = HDB_OK, sent;

    if (link->copy.failed)
        return hdb_error_nomem(error);
    if (link->copy.size == 0)
        return HDB_OK;
    while ((sent = PQputCopyData(link->conn, link->copy.data, (int)link->copy.size)) == 0 && rc == HDB_OK)
        rc = pq_wait_flush(link, error);
    if (rc == HDB_OK && sent < 0)
        rc = pq_lost(link, error);
    if (rc == HDB_OK)
        rc = pq_wait_flush(link, error);
    hdb_buffer_reset(&link->copy);
    return rc;
}

int hdb_link_copy_row(hdb_link *link, const hdb_value *cells, int count, hdb_error *error) {
    if (link->conn == NULL || !link->copying)
        return hdb_error_set(error, HDB_IOERR, "08003", "no COPY is under way");
    for (int i = 0; i < count; i++)
        /* HeliosDB would store U+FFFD in place of what is not UTF-8, and say nothing. */
        if (cells[i].type == HDB_TYPE_TEXT && !hdb_text_is_utf8(cells[i].as.bytes.data, cells[i].as.bytes.size))
            return hdb_error_set(error, HDB_ERROR, "22021", "a text is not valid UTF-8");
    for (int i = 0; i < count; i++) {
        if (i > 0)
            hdb_buffer_char(&link->copy, '\t');
        append_cell(&link->copy, &cells[i]);
    }
    hdb_buffer_char(&link->copy, '\n');
    return link->copy.size >= CHUNK || link->copy.failed ? send_rows(link, error) : HDB_OK;
}

int hdb_link_copy_end(hdb_link *link, hdb_error *error) {
    int rc;

    if (link->conn == NULL || !link->copying)
        return hdb_error_set(error, HDB_IOERR, "08003", "no COPY is under way");
    link->copying = false;
    rc = send_rows(link, error);
    if (link->conn == NULL)
        return rc;
    if (PQputCopyEnd(link->conn, rc != HDB_OK ? "out of memory" : NULL) < 0)
        return pq_lost(link, error);
    if (rc == HDB_OK)
        return pq_collect(link, NULL, NULL, error);
    hdb_error ignored = HDB_ERROR_INIT;
    pq_collect(link, NULL, NULL, &ignored);
    hdb_error_clear(&ignored);
    return rc;
}
