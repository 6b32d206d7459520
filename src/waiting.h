/* SPDX-License-Identifier: Apache-2.0 */
/* A program that must look at something while it waits, such as signals: waits ask here, in the thread that waits. */
#ifndef HDB_WAITING_H
#define HDB_WAITING_H

typedef struct hdb_watch {
    void (*look)(void *context);
    void *context;
    struct hdb_watch *outer; /* who is asked when this one no longer is */
} hdb_watch;

/* Between the two it is asked in this thread, unless another one has begun since. They may end in any order; ending one
 * that has not begun does nothing. */
void hdb_waiting_begin(hdb_watch *watch);
void hdb_waiting_end(hdb_watch *watch);
/* Between the two, an answer tells whether a change was made: nobody is asked who might not wait for it. Nests. */
void hdb_waiting_hold(void);
void hdb_waiting_release(void);
/* Called again and again by who waits for an answer or for a lock; no lock of ours may be held but the connection's. */
void hdb_waiting_for_answer(void);
void hdb_waiting_for_lock(void);

#endif
