/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: what SQLite commits by itself (autocommit statements, RELEASE of a savepoint that began the
 * transaction) is turned into a COMMIT that can be preceded by a push. */
#ifndef HDB_TRANSACTION_H
#define HDB_TRANSACTION_H

#include "replica/replica.h"

/* Whether SQLite has a transaction open, whoever began it. */
static inline bool hdb_transaction_is_open(const hdb_replica *replica) {
    return !sqlite3_get_autocommit(replica->db);
}

/* Ends on our side what SQLite has rolled back by itself (ON CONFLICT ROLLBACK, a full disk). */
void hdb_transaction_notice_rollback(hdb_replica *replica);
void hdb_transaction_roll_back(hdb_replica *replica);

/* An autocommit statement is over; when it was the last one in our transaction, that ends. `keep`: commit it. */
int hdb_transaction_finish_implicit(hdb_replica *replica, bool keep, hdb_error *error);

/* A statement within an open transaction is over: lets the stores begin with what it has changed, if that is much. */
void hdb_transaction_go_ahead(hdb_replica *replica);

/* Steps BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE or ROLLBACK TO: HDB_DONE or an error. */
int hdb_transaction_step(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, hdb_error *error);

/* Steps a statement of the application's as SQLite would: HDB_ROW, HDB_DONE or an error. */
int hdb_transaction_step_plain(hdb_replica *replica, sqlite3_stmt *statement, hdb_error *error);

#endif
