/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program that outlives us. Knows nothing of engines. */
#ifndef HDB_CHILD_H
#define HDB_CHILD_H

#include "error.h"

/* Runs a program that detaches itself: it forks and its first process exits 0 once its second one is on its own. That
 * first process is waited for here, so no zombie is left and the host needs no SIGCHLD handler.
 *
 * The program starts with /dev/null as its standard streams, default signals, no signal blocked, fds[0] as its
 * descriptor 3, fds[1] as 4 and so on; it must close whatever else the host failed to mark close-on-exec. Its
 * environment is ours. HDB_CANTOPEN names the program and the system's reason, for a failing exec too. */
int hdb_child_spawn_detached(const char *path, const char *const argv[], const int *fds, int fd_count, hdb_error *error);

#endif
