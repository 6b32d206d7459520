/* SPDX-License-Identifier: Apache-2.0 */
#include "record/log.h"

#include "buffer.h"
#include <stdlib.h>
#include <string.h>

#define PART_BITS 20
#define PART_SIZE HDB_LOG_PART_SIZE
#define FORMAT 2

static int64_t seq_of(int64_t id, int64_t part) {
    return id * ((int64_t)1 << PART_BITS) + part;
}

static int make_tables(hdb_link *link, hdb_error *error) {
    static const char *const tables[] = {
        "CREATE TABLE IF NOT EXISTS \"_hdb_log\" (seq BIGINT PRIMARY KEY, parts BIGINT, token BIGINT, data BYTEA)",
        "CREATE TABLE IF NOT EXISTS \"_hdb_schema\" (position BIGINT PRIMARY KEY, type TEXT, name TEXT, tbl_name TEXT, sql TEXT)",
        "CREATE TABLE IF NOT EXISTS \"_hdb_tables\" (id BIGINT PRIMARY KEY, name TEXT, engine_name TEXT)",
        "CREATE TABLE IF NOT EXISTS \"_hdb_meta\" (key TEXT PRIMARY KEY, value BIGINT)",
    };
    int rc = HDB_OK;
    for (size_t i = 0; rc == HDB_OK && i < sizeof tables / sizeof *tables; i++)
        rc = hdb_link_script(link, tables[i], error);
    if (rc == HDB_OK)
        rc = hdb_meta_send(link, "commits", 0, error);
    if (rc == HDB_OK)
        rc = hdb_meta_send(link, "schema_version", 0, error);
    if (rc == HDB_OK) /* the last: it says that all the others are there */
        rc = hdb_meta_send(link, "format", FORMAT, error);
    return rc == HDB_OK ? hdb_link_sync(link, NULL, error) : rc;
}

int hdb_log_prepare(hdb_link *link, hdb_error *error) {
    int64_t format = 0;
    int rc = hdb_meta_get(link, "format", 0, &format, error);
    if ((rc != HDB_OK && hdb_link_is_alive(link)) || (rc == HDB_OK && format == 0)) {
        hdb_error_clear(error);
        rc = make_tables(link, error);
        format = FORMAT;
    }
    if (rc == HDB_OK && format != FORMAT)
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL,
                           "the engine's data has format %lld, this library knows %d: use %s library%s", (long long)format, FORMAT,
                           format > FORMAT ? "a newer" : "an older",
                           "; or, beside a file that was closed in order, move the directory of the engine's data away, and the "
                           "file is taken in anew");
    return rc;
}

/* A plain INSERT: the engine makes that one durable at once, and not an INSERT ... ON CONFLICT DO UPDATE. */
static int insert_part(hdb_link *link, bool send, int64_t seq, int64_t parts, int64_t token, const char *data,
                       size_t size, hdb_error *error) {
    static const char sql[] = "INSERT INTO \"_hdb_log\" (seq, parts, token, data) VALUES ($1, $2, $3, $4)";
    hdb_value params[4] = {hdb_value_integer(seq), hdb_value_integer(parts), hdb_value_integer(token),
                           hdb_value_blob(data, size)};
    return send ? hdb_link_send(link, sql, params, 4, error)
                : hdb_link_query(link, sql, params, 4, HDB_ROWS_NATIVE, NULL, error);
}

int hdb_log_send_part(hdb_link *link, int64_t id, int64_t part, int64_t token, const char *data, size_t size, hdb_error *error) {
    return insert_part(link, true, seq_of(id, part), 0, token, data, size, error);
}

static int push_parts(hdb_link *link, int64_t id, int64_t token, hdb_log_start start, const char *data, size_t size,
                      hdb_error *error) {
    enum { PARTS_PER_SYNC = 8 };
    int rc = HDB_OK;
    int64_t part = start.parts;
    for (; rc == HDB_OK && size - start.size > PART_SIZE; part++, start.size += PART_SIZE) {
        rc = hdb_log_send_part(link, id, part, token, data + start.size, PART_SIZE, error);
        if (rc == HDB_OK && part % PARTS_PER_SYNC == PARTS_PER_SYNC - 1)
            rc = hdb_link_sync(link, NULL, error);
    }
    if (rc == HDB_OK)
        rc = hdb_link_sync(link, NULL, error);
    if (rc == HDB_OK)
        rc = insert_part(link, false, seq_of(id, part), part + 1, token, data + start.size, size - start.size, error);
    return rc;
}

static const hdb_log_start none;

int hdb_log_push(hdb_link *link, int64_t id, int64_t token, const char *data, size_t size, hdb_error *error) {
    return hdb_log_push_rest(link, id, token, none, data, size, error);
}

int hdb_log_push_rest(hdb_link *link, int64_t id, int64_t token, hdb_log_start start, const char *data, size_t size, hdb_error *error) {
    bool sealed = true;
    int rc = push_parts(link, id, token, start, data, size, error);
    if (rc != HDB_CONSTRAINT)
        return rc;
    /* Parts of an earlier attempt that never got its seal may be in the way; a sealed entry is another matter. */
    hdb_error_clear(error);
    rc = hdb_log_has(link, id, &sealed, error);
    if (rc == HDB_OK && sealed)
        rc = hdb_error_set(error, HDB_CONSTRAINT, NULL, "entry %lld is in the log already", (long long)id);
    if (rc == HDB_OK)
        rc = hdb_log_cancel(link, id, error);
    return rc == HDB_OK ? push_parts(link, id, token, none, data, size, error) : rc;
}

int hdb_log_has(hdb_link *link, int64_t id, bool *out, hdb_error *error) {
    hdb_value params[2] = {hdb_value_integer(seq_of(id, 0)), hdb_value_integer(seq_of(id + 1, 0))};
    hdb_rows *rows = NULL;
    *out = false;
    int rc = hdb_link_query(link, "SELECT parts FROM \"_hdb_log\" WHERE seq >= $1 AND seq < $2", params, 2,
                            HDB_ROWS_NATIVE, &rows, error);
    for (int i = 0; rc == HDB_OK && i < hdb_rows_count(rows); i++) {
        hdb_value parts = hdb_rows_cell(rows, i, 0);
        *out = *out || (parts.type == HDB_TYPE_INTEGER && parts.as.integer > 0);
    }
    hdb_rows_free(rows);
    return rc;
}

int hdb_log_first_token(hdb_link *link, int64_t id, int64_t *out, hdb_error *error) {
    hdb_value seq = hdb_value_integer(seq_of(id, 0));
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(link, "SELECT token FROM \"_hdb_log\" WHERE seq = $1", &seq, 1, HDB_ROWS_NATIVE, &rows, error);
    *out = rc == HDB_OK && hdb_rows_count(rows) == 1 ? hdb_rows_integer(rows, 0, 0) : 0;
    hdb_rows_free(rows);
    return rc;
}

int hdb_log_token(hdb_link *link, int64_t id, int64_t *out, hdb_error *error) {
    hdb_value params[2] = {hdb_value_integer(seq_of(id, 0)), hdb_value_integer(seq_of(id + 1, 0))};
    hdb_rows *rows = NULL;
    *out = 0;
    int rc = hdb_link_query(link, "SELECT token, parts FROM \"_hdb_log\" WHERE seq >= $1 AND seq < $2", params, 2,
                            HDB_ROWS_NATIVE, &rows, error);
    for (int i = 0; rc == HDB_OK && i < hdb_rows_count(rows); i++)
        if (hdb_rows_integer(rows, i, 1) > 0)
            *out = hdb_rows_integer(rows, i, 0);
    hdb_rows_free(rows);
    return rc;
}

int hdb_log_head(hdb_link *link, int64_t *out, hdb_error *error) {
    int64_t base = 0;
    int rc = hdb_meta_get(link, "base", 0, &base, error);
    return rc == HDB_OK ? hdb_log_newest(link, base, out, error) : rc;
}

static const char newest_sql[] = "SELECT seq, parts FROM \"_hdb_log\" WHERE seq >= $1";

hdb_errand hdb_log_newest_errand(int64_t known, hdb_value *from) {
    *from = hdb_value_integer(seq_of(known + 1, 0));
    return (hdb_errand){.sql = newest_sql, .params = from, .count = 1, .ends = true};
}

int64_t hdb_log_newest_of(const hdb_rows *rows, int64_t known) {
    int64_t newest = known;
    for (int i = 0; i < hdb_rows_count(rows); i++) {
        int64_t seq = hdb_rows_integer(rows, i, 0), parts = hdb_rows_integer(rows, i, 1);
        if (parts > 0 && seq >> PART_BITS > newest)
            newest = seq >> PART_BITS;
    }
    return newest;
}

int hdb_log_newest(hdb_link *link, int64_t known, int64_t *out, hdb_error *error) {
    hdb_value from = hdb_value_integer(seq_of(known + 1, 0));
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(link, newest_sql, &from, 1, HDB_ROWS_NATIVE, &rows, error);
    *out = rc == HDB_OK ? hdb_log_newest_of(rows, known) : known;
    hdb_rows_free(rows);
    return rc;
}

int hdb_log_read_tail(hdb_link *link, int64_t known, hdb_log_tail *out, hdb_error *error) {
    hdb_value from = hdb_value_integer(seq_of(known, 0));
    hdb_rows *rows = NULL;
    int64_t sealed = 0;
    *out = (hdb_log_tail){0, known, true};
    int rc = hdb_link_query(link, "SELECT seq, parts, token FROM \"_hdb_log\" WHERE seq >= $1", &from, 1, HDB_ROWS_NATIVE, &rows, error);
    for (int i = 0; rc == HDB_OK && i < hdb_rows_count(rows); i++) {
        hdb_value seq = hdb_rows_cell(rows, i, 0), parts = hdb_rows_cell(rows, i, 1), token = hdb_rows_cell(rows, i, 2);
        if (seq.type != HDB_TYPE_INTEGER || parts.type != HDB_TYPE_INTEGER || parts.as.integer <= 0)
            continue;
        int64_t id = seq.as.integer >> PART_BITS;
        if (id == known && token.type == HDB_TYPE_INTEGER)
            out->token = token.as.integer;
        sealed += id > known;
        if (id > out->newest)
            out->newest = id;
    }
    out->whole = sealed == out->newest - known;
    hdb_rows_free(rows);
    return rc;
}

int hdb_log_blank(hdb_link *link, int64_t id, hdb_error *error) {
    hdb_value params[2] = {hdb_value_integer(seq_of(id, 0)), hdb_value_integer(seq_of(id + 1, 0))};
    return hdb_link_query(link, "UPDATE \"_hdb_log\" SET data = NULL WHERE seq >= $1 AND seq < $2", params, 2,
                          HDB_ROWS_NATIVE, NULL, error);
}

int hdb_log_cancel(hdb_link *link, int64_t id, hdb_error *error) {
    hdb_value params[2] = {hdb_value_integer(seq_of(id, 0)), hdb_value_integer(seq_of(id + 1, 0))};
    return hdb_link_query(link, "DELETE FROM \"_hdb_log\" WHERE seq >= $1 AND seq < $2", params, 2, HDB_ROWS_NATIVE,
                          NULL, error);
}

int hdb_log_settle(hdb_link *link, hdb_error *error) {
    static const char take_back[] = "DELETE FROM \"_hdb_log\" WHERE seq = $1";
    hdb_value first = hdb_value_integer(0);
    /* Whoever did this before may have been cut off in between. */
    int rc = hdb_link_query(link, take_back, &first, 1, HDB_ROWS_NATIVE, NULL, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, "SET synchronous_commit = on", error);
    if (rc == HDB_OK) /* a plain INSERT is what the engine makes durable, with all before it */
        rc = insert_part(link, false, 0, 1, 0, "", 0, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, "SET synchronous_commit = off", error);
    return rc == HDB_OK ? hdb_link_query(link, take_back, &first, 1, HDB_ROWS_NATIVE, NULL, error) : rc;
}

int hdb_log_empty(hdb_link *link, int64_t head, hdb_error *error) {
    /* The base first: a crash in between leaves entries that are applied already, which is harmless. */
    int rc = hdb_meta_send(link, "base", head, error);
    if (rc == HDB_OK)
        rc = hdb_link_sync(link, NULL, error);
    return rc == HDB_OK ? hdb_link_script(link, "TRUNCATE \"_hdb_log\"", error) : rc;
}

struct reading {
    hdb_log_callback callback;
    void *context;
    hdb_buffer data; /* parts of the entry being read */
    int64_t id, next_part;
};

static int read_part(void *context, const hdb_value *cells, int count) {
    struct reading *reading = context;
    if (count != 3 || cells[0].type != HDB_TYPE_INTEGER || cells[1].type != HDB_TYPE_INTEGER)
        return HDB_CORRUPT;
    int64_t id = cells[0].as.integer >> PART_BITS, part = cells[0].as.integer & ((1 << PART_BITS) - 1);
    size_t size = cells[2].type == HDB_TYPE_BLOB ? cells[2].as.bytes.size : 0;
    const char *data = size ? cells[2].as.bytes.data : cells[2].type == HDB_TYPE_BLOB ? "" : NULL;
    if (id != reading->id || part == 0) {
        hdb_buffer_reset(&reading->data);
        reading->id = id;
        reading->next_part = 0;
    }
    if (part != reading->next_part)
        return HDB_OK; /* what is left of an attempt that was never sealed */
    reading->next_part++;
    if (cells[1].as.integer == 1 && part == 0)
        return reading->callback(reading->context, id, data, size);
    hdb_buffer_append(&reading->data, data, size);
    if (reading->data.failed)
        return HDB_NOMEM;
    if (cells[1].as.integer == part + 1)
        return reading->callback(reading->context, id, reading->data.data, reading->data.size);
    return HDB_OK;
}

int hdb_log_read(hdb_link *link, int64_t first, hdb_log_callback callback, void *context, hdb_error *error) {
    struct reading reading = {callback, context, HDB_BUFFER_INIT, -1, 0};
    hdb_value from = hdb_value_integer(seq_of(first, 0));
    int rc = hdb_link_stream(link, "SELECT seq, parts, data FROM \"_hdb_log\" WHERE seq >= $1 ORDER BY seq", &from, 1,
                             HDB_ROWS_NATIVE, read_part, &reading, error);
    hdb_buffer_free(&reading.data);
    return rc;
}

static const char meta_sql[] = "SELECT value FROM \"_hdb_meta\" WHERE key = $1";

static int64_t meta_value(const hdb_rows *rows, int64_t missing) {
    if (hdb_rows_count(rows) == 0)
        return missing;
    hdb_value value = hdb_rows_cell(rows, 0, 0);
    return value.type == HDB_TYPE_INTEGER ? value.as.integer : missing;
}

int hdb_meta_get(hdb_link *link, const char *key, int64_t missing, int64_t *out, hdb_error *error) {
    hdb_value param = hdb_value_text(key, strlen(key));
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(link, meta_sql, &param, 1, HDB_ROWS_NATIVE, &rows, error);
    *out = rc == HDB_OK ? meta_value(rows, missing) : missing;
    hdb_rows_free(rows);
    return rc;
}

int hdb_meta_get_beside(hdb_link *link, const char *key, int64_t missing, int64_t *out, hdb_question *other, hdb_error *error) {
    hdb_value param = hdb_value_text(key, strlen(key));
    hdb_question question = {meta_sql, &param, 1, NULL};
    int rc = hdb_link_query_both(link, other, &question, error);
    *out = rc == HDB_OK ? meta_value(question.rows, missing) : missing;
    hdb_rows_free(question.rows);
    return rc;
}

void hdb_meta_put_beside(hdb_buffer *out, const char *key, const char *sql) {
    hdb_buffer_format(out, "SELECT m.value, r.* FROM (SELECT value FROM \"_hdb_meta\" WHERE key = '%s') AS m "
                      "LEFT JOIN (SELECT 1, q.* FROM (%s) AS q) AS r ON true", key, sql);
}

int hdb_meta_send(hdb_link *link, const char *key, int64_t value, hdb_error *error) {
    hdb_value params[2] = {hdb_value_text(key, strlen(key)), hdb_value_integer(value)};
    return hdb_link_send(link,
                         "INSERT INTO \"_hdb_meta\" (key, value) VALUES ($1, $2) "
                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         params, 2, error);
}

int hdb_meta_set(hdb_link *link, const char *key, int64_t value, hdb_error *error) {
    int rc = hdb_meta_send(link, key, value, error);
    return rc == HDB_OK ? hdb_link_sync(link, NULL, error) : rc;
}
