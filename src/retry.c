/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"
#include <sys/random.h>
#include <time.h>

enum { MOST_DOUBLINGS = 7, SLICE_MS = 10 };

static int draw_ms(int tries) {
    unsigned drawn = 0;
    int doublings = tries < 0 ? 0 : tries < MOST_DOUBLINGS ? tries : MOST_DOUBLINGS;
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = (unsigned)clock();
    return (int)(drawn % (1u << doublings)) + 1;
}

int hdb_transaction_retry(hdb_conn *conn, int tries) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    conn->interrupted = 0;
    if (hdb_in_transaction(conn))
        rc = hdb_exec(conn, "ROLLBACK", -1);
    for (int left_ms = draw_ms(tries); rc == HDB_OK && left_ms > 0; left_ms -= SLICE_MS) {
        const struct timespec pause = {.tv_nsec = (left_ms < SLICE_MS ? left_ms : SLICE_MS) * 1000000L};
        hdb_waiting_for_lock();
        nanosleep(&pause, NULL);
        if (conn->interrupted)
            rc = hdb_error_set(&conn->error, HDB_INTERRUPT, NULL, "interrupted");
    }
    return hdb_conn_leave(conn, rc);
}
