/* SPDX-License-Identifier: Apache-2.0 */
/* `_hdb_log`, `_hdb_meta` and `_hdb_schema`: the library's own tables in the engine.
 *
 *   _hdb_log(seq, parts, token, data)  entries; seq = id * 2^20 + part; token tells, on a server with several writers,
 *                                whose an entry is. A part has at most 1 MB; the last one of an entry holds
 *                                their number in `parts`, which seals it. An unsealed entry never happened.
 *   _hdb_meta(key, value)        format, applied (newest entry in the tables), base (newest entry ever dropped from the
 *                                log), used (rows were pushed), taking_in (1: taking in a file is not done),
 *                                user_version, application_id, format_of_file; on a server: commits, schema_version
 *                                (counters), sdk (1: entries are kept for replicas on other hosts)
 *   _hdb_schema(position, type, name, tbl_name, sql)   sqlite_schema as the application made it
 *   _hdb_tables(id, name, engine_name)                 what each table is called in the engine; id = hdb_name_hash() */
#ifndef HDB_LOG_H
#define HDB_LOG_H

#include "error.h"
#include "buffer.h"
#include "link/link.h"
#include "record/table.h"

/* An entry no larger than this is one row. */
#define HDB_LOG_PART_SIZE ((size_t)1 << 20)

/* Makes the tables if they are not there. HDB_FORMAT's message tells of a newer format. */
int hdb_log_prepare(hdb_link *link, hdb_error *error);

/* Adds an entry; a single atomic statement seals it. HDB_CONSTRAINT if it is there already. */
int hdb_log_push(hdb_link *link, int64_t id, int64_t token, const char *data, size_t size, hdb_error *error);
/* What of an entry is in the log already. */
typedef struct hdb_log_start {
    int64_t parts;
    size_t size; /* of these, in bytes */
} hdb_log_start;
/* The same, but for what is in the log already. */
int hdb_log_push_rest(hdb_link *link, int64_t id, int64_t token, hdb_log_start start, const char *data, size_t size, hdb_error *error);
/* Sends a part of an entry that is not sealed yet, in the link's pipeline. */
int hdb_log_send_part(hdb_link *link, int64_t id, int64_t part, int64_t token, const char *data, size_t size, hdb_error *error);
/* The token of an entry's first part, sealed or not, 0 if it is not there. */
int hdb_log_first_token(hdb_link *link, int64_t id, int64_t *out, hdb_error *error);
/* The token of a sealed entry, 0 if it is not there. */
int hdb_log_token(hdb_link *link, int64_t id, int64_t *out, hdb_error *error);
/* Whether a sealed entry is in the log. */
int hdb_log_has(hdb_link *link, int64_t id, bool *out, hdb_error *error);
/* The newest sealed entry, or the base if the log is empty. */
int hdb_log_head(hdb_link *link, int64_t *out, hdb_error *error);
/* The newest sealed entry after one that is known, or that one. */
int hdb_log_newest(hdb_link *link, int64_t known, int64_t *out, hdb_error *error);
/* The same as an errand, and what its answer tells; `from` is a place for its parameter. */
hdb_errand hdb_log_newest_errand(int64_t known, hdb_value *from);
int64_t hdb_log_newest_of(const hdb_rows *rows, int64_t known);
/* What a replica that holds entries up to `known` has to know of the log, in one question. */
typedef struct hdb_log_tail {
    int64_t token;  /* of the entry `known`, 0 if it is not there */
    int64_t newest; /* sealed entry, `known` if there is none after it */
    bool whole;     /* every entry in between is there */
} hdb_log_tail;
int hdb_log_read_tail(hdb_link *link, int64_t known, hdb_log_tail *out, hdb_error *error);
/* Throws the content of an applied entry away; its token stays. */
int hdb_log_blank(hdb_link *link, int64_t id, hdb_error *error);
/* Takes an entry back that no replica holds. */
int hdb_log_cancel(hdb_link *link, int64_t id, hdb_error *error);
/* Makes durable what the engine was told before, by any session; this one's commits are not waited for afterwards. */
int hdb_log_settle(hdb_link *link, hdb_error *error);
/* Forgets every entry up to `head`, all of them applied and held by a durable replica; nobody may push meanwhile. */
int hdb_log_empty(hdb_link *link, int64_t head, hdb_error *error);

/* Calls back for each sealed entry from `first` on, in order; `data` is NULL if it was thrown away. A return other than HDB_OK ends the reading. */
typedef int (*hdb_log_callback)(void *context, int64_t id, const char *data, size_t size);
int hdb_log_read(hdb_link *link, int64_t first, hdb_log_callback callback, void *context, hdb_error *error);

/* A number in _hdb_meta; `missing` if it is not there. */
int hdb_meta_get(hdb_link *link, const char *key, int64_t missing, int64_t *out, hdb_error *error);
/* The same after another query that changes nothing, in one round trip if possible. */
int hdb_meta_get_beside(hdb_link *link, const char *key, int64_t missing, int64_t *out, hdb_question *other, hdb_error *error);
/* A query that gives a number of _hdb_meta in front of another query's row, as of one moment: the number, HDB_META_BESIDE - 1 cells that
 * are NULL if the other query has no row, and its cells. No row at all: the number is not there. PostgreSQL needs a tenth of the time that
 * two statements in one round trip take beyond one; HeliosDB's order of reading the two is not known. */
enum { HDB_META_BESIDE = 2 };
void hdb_meta_put_beside(hdb_buffer *out, const char *key, const char *sql);
/* Queues setting it, as hdb_link_send(). */
int hdb_meta_send(hdb_link *link, const char *key, int64_t value, hdb_error *error);
/* Sets it, and waits for the answers to all that is queued. */
int hdb_meta_set(hdb_link *link, const char *key, int64_t value, hdb_error *error);

#endif
