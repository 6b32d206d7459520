/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by function.c and collation.c: what the application registers by name. */
#ifndef HDB_FUNCTION_H
#define HDB_FUNCTION_H

#include "connection.h"

/* Ends a registration with SQLite's result code. */
int hdb_registered(hdb_conn *conn, int rc);
/* Something was registered that indexes may have been written without: they are built again. */
int hdb_registered_anew(hdb_conn *conn);
/* For a registration that does not reach SQLite: frees `user_data` all the same, and gives `rc`. */
int hdb_not_registered(int rc, hdb_destroy_callback destroy, void *user_data);

#endif
