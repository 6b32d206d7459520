/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by embedded_store.c (commits of one database) and together.c (of several at once). */
#ifndef HDB_EMBEDDED_INTERNAL_H
#define HDB_EMBEDDED_INTERNAL_H

#include "buffer.h"
#include "database.h"
#include "record/ahead.h"
#include "store.h"
#include "replica/write_set.h"

struct hdb_embedded_store {
    hdb_database *database;
    hdb_record *record;
    hdb_replica *replica; /* NULL until attached */
    hdb_sequences sequences;
    hdb_buffer entry; /* pushed, waiting for the replica's COMMIT */
    size_t encoded;   /* bytes of it that were written before COMMIT, */
    hdb_ahead ahead;  /* and what of these was sent */
    bool foreign;     /* somebody else committed to the file: to be found out after our own commit */
    bool pushed;      /* as part of a transaction over several databases, */
    bool promised;    /* and what becomes of it is decided elsewhere */
};

/* Encodes the write set; an empty one has no bytes. */
int hdb_embedded_store_encode(hdb_embedded_store *store, hdb_error *error);
/* The entry was pushed, SQLite's write lock is held: looks whether another program has written to the file. */
void hdb_embedded_store_note_foreign(hdb_embedded_store *store);
/* The replica has committed (`done`), or refused. */
int hdb_embedded_store_finish(hdb_embedded_store *store, bool done, hdb_error *error);

/* As in hdb_store: the contexts are stores of this kind. */
int hdb_together_push(void **contexts, int count, hdb_error *error);
int hdb_together_finish(void **contexts, int count, bool done, hdb_error *error);

#endif
