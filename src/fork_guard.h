/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a forked child from the process that opened a connection, without a system call per API call. */
#ifndef HDB_FORK_GUARD_H
#define HDB_FORK_GUARD_H

/* A number that changes in a child after fork(). The first call installs the handler that changes it. */
unsigned hdb_fork_generation(void);

#endif
