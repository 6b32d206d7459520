/* SPDX-License-Identifier: Apache-2.0 */
/* The write set of a transaction: the keys of rows that were touched, never their images. What a savepoint or a failing
 * statement undoes stays noted, which is harmless: at COMMIT the final image of each key is read, and a key without a
 * row is a deletion. */
#ifndef HDB_CAPTURE_H
#define HDB_CAPTURE_H

#include "buffer.h"
#include "record/table.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* Keys of one table, each once, in the order they were first touched. */
typedef struct hdb_touched {
    char *table;
    bool whole;      /* the table was made, dropped or altered: all its rows are to be pushed */
    bool by_columns; /* keys are encoded WITHOUT ROWID keys in `encoded`, else rowids */
    int64_t *rowids; /* or, by_columns, the start of each key in `encoded` */
    size_t count, capacity;
    size_t *slots;   /* open addressing over rowids: index + 1, 0 is free; none while rowids ascend */
    size_t slot_count;
    hdb_buffer encoded; /* each key: its size (size_t), then the bytes of record/cell.h */
    /* Rowids, ascending, whose rows have been written into the entry before COMMIT; those of them that were touched again
     * since are above, too. */
    int64_t *sent;
    size_t sent_count, sent_capacity;
} hdb_touched;

typedef struct hdb_capture {
    hdb_touched *tables;
    int table_count, table_capacity;
    int recent;          /* table of the last event */
    int sent_last;       /* table whose rows were written into the entry last, */
    size_t sent_end;     /* and where they end; 0: there are none */
    bool schema_changed; /* DDL ran */
    bool wrote;          /* a statement ran that may have moved sqlite_sequence without touching a row */
    bool header_set;     /* user_version or application_id was set */
    bool failed;         /* out of memory: the transaction can't be pushed */
} hdb_capture;

void hdb_capture_reset(hdb_capture *capture);
void hdb_capture_free(hdb_capture *capture);
bool hdb_capture_is_empty(const hdb_capture *capture);
/* Notes that a table must be pushed as a whole. */
void hdb_capture_whole(hdb_capture *capture, const char *table);
/* The preupdate hook's body. `table` describes it, NULL if it is not known (made by the running statement). */
void hdb_capture_change(hdb_capture *capture, sqlite3 *db, int operation, const char *name, const hdb_table *table,
                        int64_t old_rowid, int64_t new_rowid);
/* Whether the table of the last event has so many keys that their rows are worth writing into the entry before COMMIT, and none
 * of them was written before. */
bool hdb_capture_has_many(const hdb_capture *capture);
bool hdb_touched_are_many(const hdb_touched *touched);
/* Whether its keys ascend, behind those whose rows were written. */
bool hdb_touched_are_behind(const hdb_touched *touched);
/* Before they are written, which must not fail afterwards for want of memory; and then, the entry having so many bytes. */
bool hdb_touched_prepare_sent(hdb_touched *touched);
void hdb_capture_sent(hdb_capture *capture, hdb_touched *touched, size_t entry_size);
/* What was written is no longer so: every key is as if it had just been touched. */
void hdb_capture_unsend(hdb_capture *capture);
/* The key at an index of a table touched by columns. */
const char *hdb_touched_key(const hdb_touched *touched, size_t index, size_t *size);

#endif
