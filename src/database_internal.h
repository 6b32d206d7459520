/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by database.c (who has it open), database_file.c (the file), intake.c (a file that becomes a replica) and
 * reconcile.c (how file and engine are brought together). */
#ifndef HDB_DATABASE_INTERNAL_H
#define HDB_DATABASE_INTERNAL_H

#include "database.h"
#include <pthread.h>

struct hdb_database {
    hdb_database *next;
    int references; /* guarded by the registry's mutex */
    char *path;     /* NULL in memory */
    pthread_mutex_t setup; /* held while the first one opens it */
    bool ready, notices;
    int timeout_ms;
    char *program; /* engine's path, NULL: the usual one */
    double linger;
    hdb_record *record;
    pthread_mutex_t steward_mutex; /* held over a transaction of the steward */
    sqlite3 *steward;
    uint32_t found_counter; /* change counter of the file when the steward opened it */
};

/* database_file.c. Opens the steward, if it is not open. */
int hdb_database_open_steward(hdb_database *database, hdb_error *error);
/* Runs a text on the steward. */
int hdb_database_run(hdb_database *database, const char *sql, hdb_error *error);
/* intake.c. All that the file has goes to the engine. Until the last step the engine says that it is not done, and a next
 * open begins again. */
int hdb_database_take_in(hdb_database *database, hdb_link *link, hdb_error *error);
/* Brings file and engine together and opens the steward. `alone`: no other process has the database open. */
int hdb_database_reconcile(hdb_database *database, bool alone, hdb_error *error);
/* Compares what the engine's tables hold with a file. `entry`, if given, gets what would make them hold what the file does. */
int hdb_database_compare(hdb_database *database, sqlite3 *file, hdb_buffer *entry, hdb_buffer *report, int64_t *differences,
                         hdb_error *error);
/* recover.c. Both are there, and were not left in order. */
int hdb_database_recover(hdb_database *database, hdb_link *link, hdb_error *error);
/* The file was left in order and is another one now. An older copy of it lacks rows that the engine has. Anything else
 * holds rows that the engine lacks. */
int hdb_database_meet_changed_file(hdb_database *database, hdb_link *link, hdb_error *error);
/* Replays the log from an entry on, in a transaction of the steward's. *last: the newest one replayed. */
int hdb_database_replay_log(hdb_database *database, hdb_link *link, bool alone, int64_t first, int64_t *last, hdb_error *error);
/* Tells the state where engine and replica are, so that the thread applies what the log holds and the tables do not. For
 * the time in which nobody else is there. */
int hdb_database_note_positions(hdb_database *database, hdb_link *link, int64_t head, hdb_error *error);
/* rebuild_file.c. Makes a database of what the engine holds, in a file of our own; `what` is for the notice. */
int hdb_database_build_copy(hdb_database *database, hdb_link *link, const char *what, const char *path, sqlite3 **out,
                            hdb_error *error);
/* Puts such a copy at the database's path, where there is no file. */
int hdb_database_rebuild_file(hdb_database *database, hdb_link *link, hdb_error *error);
/* The same where there is one that does not count: it is kept as `<path>.older-<time>`, with a notice that says `why`. */
int hdb_database_replace_file(hdb_database *database, hdb_link *link, const char *why, hdb_error *error);
/* Removes a file of SQLite's and what SQLite puts beside it. */
void hdb_database_remove_files(const char *path);
/* The path of a file in the data directory; the caller frees it. */
char *hdb_database_file(const hdb_database *database, const char *name);
/* reindex.c. Makes what the file's schema calls for on the steward. */
int hdb_database_keep_stubs(hdb_database *database, hdb_error *error);
/* The steward is about to write to the file, in a transaction. Its indexes get the stubs' order first, so that they are of
 * one piece; that may only be while nobody else uses them: `alone`. HDB_BUSY if it can't be. */
int hdb_database_prepare_stubs(hdb_database *database, bool alone, hdb_error *error);
/* A file that was made anew has nothing but stubs in its indexes. */
int hdb_database_mark_rebuilt(hdb_database *database, sqlite3 *copy, hdb_error *error);
/* The mark of the file now. */
bool hdb_database_mark(hdb_database *database, hdb_wal_mark *out);
/* Makes the file's change counter grow, so that copies made before can be told from it, and notes it. Nobody else has the
 * file open. */
void hdb_database_stamp(hdb_database *database);
/* If an entry was pushed for a transaction over several databases that was not finished: asks the database that decides, and
 * takes the entry out of the log if it decided against. commit.lock is held, or nobody else is there. */
int hdb_database_settle_promise(hdb_database *database, hdb_link *link, hdb_error *error);
/* Copies the WAL into the file, durably: an hdb_checkpoint. */
int hdb_database_checkpoint(void *context, bool settles);

#endif
