/* SPDX-License-Identifier: Apache-2.0 */
/* What closing a connection asks of blob.c. */
#ifndef HDB_BLOB_INTERNAL_H
#define HDB_BLOB_INTERNAL_H

#include "connection.h"

/* Closes the handles that are left. */
void hdb_blobs_close(hdb_conn *conn);

#endif
