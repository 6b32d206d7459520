/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the private engine outlive their clients: after a kill -9 the engine carries out what the session was still
 * sent, and only then finds it closed. Whoever takes over from a client that died has to wait for that, or a late
 * statement falls between its own. So every session that writes has a number and holds an advisory lock of that number,
 * which the engine lets go at the session's end; the state page tells whose pushes and whose applying are under way. */
#ifndef HDB_SESSION_H
#define HDB_SESSION_H

#include "error.h"
#include "link/link.h"
#include "record/state.h"

/* Gives a session its number, 0 in memory: nobody takes over there. */
int hdb_session_name(hdb_link *link, hdb_state *state, int64_t *out, hdb_error *error);
/* Waits for the end of another session than the link's own; 0: there is none. */
int hdb_session_await(hdb_link *link, int64_t number, hdb_error *error);

#endif
