/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by server.c (snapshots), server_lock.c, server_push.c (what a COMMIT sends) and server_fate.c. */
#ifndef HDB_SERVER_INTERNAL_H
#define HDB_SERVER_INTERNAL_H

#include "record/server.h"

#define BUSY_SNAPSHOT 517

struct hdb_server {
    hdb_link *link;
    char *dsn;
    int connect_timeout_ms, timeout_ms;
    const atomic_int *interrupt;
    int (*busy)(void *context, int count); /* asked instead of waiting for the lock */
    void *busy_context;
    bool in_snapshot; /* reads belong together; on PostgreSQL a transaction is open on the link */
    bool alone, shared; /* the writer lock is held, in one way or both */
    bool many_writers;  /* locking=mvcc */
    bool serializable;  /* some client has many_writers: transactions of all are serializable */
    bool isolated;      /* the session knows that */
    bool lent;  /* the lock is held for reading: see hdb_server_check() */
    int spoilt; /* reads that another writer has spoilt, in a row */
    bool keeps_log; /* for replicas on other hosts */
    int64_t token;  /* of the last entry pushed */
    int64_t commits, schema_version, applied; /* as of the last snapshot or lock */
};

/* Runs a text on the server's link. */
int hdb_server_script(hdb_server *server, const char *sql, hdb_error *error);
/* Sets the error of a transaction whose link died before its COMMIT, in the place of what the link said. */
int hdb_server_lost(hdb_error *error);
/* The counters and, on HeliosDB, the newest entry of the log. */
int hdb_server_read_counters(hdb_server *server, int64_t *commits, int64_t *newest, hdb_error *error);
/* What read_counters asks first, and what is made of its answer. */
extern const char hdb_server_counters_sql[];
int hdb_server_note_counters(hdb_server *server, const hdb_rows *rows, int64_t *commits, hdb_error *error);
/* The session was found dead by the first thing that was asked of it, when nothing was under way: a new one will do. */
bool hdb_server_can_start_again(const hdb_server *server, bool first, int rc);
/* Ends the snapshot by COMMIT or ROLLBACK, if there is one. */
void hdb_server_end_snapshot(hdb_server *server, const char *how);
/* Adds one to a number in _hdb_meta. */
int hdb_server_count(hdb_server *server, const char *key, hdb_error *error);
/* What comes after an entry was logged: the tables take it, and the log need not keep it then. */
int hdb_server_apply_logged(hdb_server *server, int64_t id, const char *data, size_t size, hdb_error *error);
/* Finishes what clients that died have logged. The lock is held, no transaction is open. */
int hdb_server_roll_forward(hdb_server *server, int64_t newest, hdb_error *error);

int64_t hdb_server_new_token(void);

/* A transaction of PostgreSQL and the session that runs it. */
typedef struct hdb_server_transaction {
    int64_t id, process;
} hdb_server_transaction;

/* `counts`: adds one to the commits, in the same round trip. */
int hdb_server_name_transaction(hdb_server *server, bool counts, hdb_server_transaction *out, hdb_error *error);
/* The link died during COMMIT: HDB_OK if the transaction was kept, hdb_server_lost() if it was not and never will be,
 * hdb_server_lost_in_commit() if neither could be made sure of. */
int hdb_server_fate_of_transaction(hdb_server *server, const hdb_server_transaction *own, hdb_error *error);
/* The same of an entry of HeliosDB's log. `alone`: it is one row, and nothing goes with it. */
int hdb_server_fate_of_entry(hdb_server *server, int64_t id, int64_t token, bool alone, hdb_error *error);
int hdb_server_lost_in_commit(hdb_error *error);

/* Sleeps a little, longer each time. */
void hdb_server_sleep(int *delay_ms);
/* Sleeps a little between tries; HDB_BUSY when the time is over. */
int hdb_server_pause(hdb_server *server, int64_t started, int *delay_ms, hdb_error *error);
/* Asks for the lock once, and gives one back; what the handle notes stays as it is. */
int hdb_server_try_lock(hdb_server *server, bool alone, bool *out, hdb_error *error);
void hdb_server_give_back(hdb_server *server, bool alone);
/* The same two as statements; whether the lock was got. */
const char *hdb_server_lock_sql(bool alone);
const char *hdb_server_unlock_sql(bool alone);
bool hdb_server_was_locked(const hdb_rows *rows);
/* The statement of hdb_server_count(). */
extern const char hdb_server_count_sql[];

#endif
