/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/sequence.h"

#include "record/cell.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"

enum { COLUMNS = 3 };

int hdb_sequence_keep(sqlite3 *db, hdb_buffer *kept, hdb_error *error) {
    sqlite3_stmt *all = NULL;
    int step = SQLITE_DONE;
    hdb_buffer_reset(kept);
    if (sqlite3_table_column_metadata(db, "main", "sqlite_sequence", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
        return HDB_OK;
    if (sqlite3_prepare_v2(db, "SELECT rowid, name, seq FROM main.sqlite_sequence", -1, &all, NULL) != SQLITE_OK)
        return hdb_sqlite_error(db, error);
    hdb_buffer_char(kept, 's'); /* there is one, however empty */
    while ((step = sqlite3_step(all)) == SQLITE_ROW) {
        for (int i = 0; i < COLUMNS; i++) {
            hdb_value value = hdb_value_of_column(all, i);
            hdb_put_value(kept, &value);
        }
    }
    int rc = step != SQLITE_DONE ? hdb_sqlite_error(db, error) : kept->failed ? hdb_error_nomem(error) : HDB_OK;
    sqlite3_finalize(all);
    return rc;
}

int hdb_sequence_restore(sqlite3 *db, const hdb_buffer *kept, hdb_error *error) {
    sqlite3_stmt *put = NULL;
    if (kept->size == 0)
        return HDB_OK;
    hdb_reader in = {kept->data + 1, kept->data + kept->size, false};
    int rc = sqlite3_exec(db, "DELETE FROM main.sqlite_sequence", NULL, NULL, NULL) == SQLITE_OK &&
                     sqlite3_prepare_v2(db, "INSERT INTO main.sqlite_sequence (rowid, name, seq) VALUES (?, ?, ?)", -1, &put,
                                        NULL) == SQLITE_OK
                 ? HDB_OK
                 : hdb_sqlite_error(db, error);
    while (rc == HDB_OK && in.at < in.end) {
        for (int i = 0; i < COLUMNS; i++) {
            hdb_value value = hdb_get_value(&in);
            hdb_value_bind(put, i + 1, &value);
        }
        if (sqlite3_step(put) != SQLITE_DONE)
            rc = hdb_sqlite_error(db, error);
        sqlite3_reset(put);
    }
    sqlite3_finalize(put);
    return rc;
}
