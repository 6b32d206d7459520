/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a forked child from the process that opened a connection, without a system call per API call. */
#ifndef HDB_FORK_GUARD_H
#define HDB_FORK_GUARD_H

/* A number that changes in a child after fork(). The first call installs the handler that changes it. */
unsigned hdb_fork_generation(void);

/* Has a function called in every forked child, before anything else of the library runs there: what is shared by the
 * connections of a process is the parent's, and its locks may be held by threads that the child does not have. Call it once
 * for each function, of which there are few. */
void hdb_fork_in_child(void (*function)(void));

#endif
