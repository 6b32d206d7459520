/* SPDX-License-Identifier: Apache-2.0 */
/* Whole databases and single cells as bytes: backup, serialize, blobs. */
#include "sweep.h"

#include <string.h>

static void prepare_other(void) {
    sweep_must(hdb_connect(":memory:", NULL, &it.other), "hdb_connect");
}

static int finish_backup(void) {
    hdb_backup *backup = it.backup;
    it.backup = NULL;
    return SWEPT(hdb_backup_finish)(backup);
}

static int call_backup(void) {
    TRY(SWEPT(hdb_backup_init)(it.other, "main", it.conn, "main", &it.backup));
    const int rc = SWEPT(hdb_backup_step)(it.backup, -1);
    RIGHT(SWEPT(hdb_backup_remaining)(it.backup) >= 0 && SWEPT(hdb_backup_pagecount)(it.backup) >= 0);
    const int finished = finish_backup();
    if (rc != HDB_DONE)
        return rc;
    TRY(finished);
    return SWEPT(hdb_exec)(it.other, "SELECT a FROM t", -1);
}

static int call_serialize(void) {
    TRY(SWEPT(hdb_serialize)(it.conn, "main", &it.bytes[0], &it.sizes[0]));
    RIGHT(it.bytes[0] && it.sizes[0] > 0);
    SWEPT(hdb_free)(it.bytes[0]);
    it.bytes[0] = NULL;
    return HDB_OK;
}

static void prepare_bytes(void) {
    prepare_other();
    sweep_must(hdb_serialize(it.conn, "main", &it.bytes[0], &it.sizes[0]), "hdb_serialize");
}

static int call_deserialize(void) {
    const int rc = SWEPT(hdb_deserialize)(it.other, "main", it.bytes[0], it.sizes[0]);
    if (rc != HDB_OK) {
        /* Perhaps it can only be closed, and says so. */
        RIGHT(rc == HDB_NOMEM);
        const int after = hdb_exec(it.other, "SELECT 1", -1);
        RIGHT(after == HDB_OK || after == HDB_NOMEM);
        hdb_close(it.other);
        it.other = NULL;
        return rc;
    }
    return SWEPT(hdb_exec)(it.other, "SELECT a FROM t", -1);
}

static int call_blob(void) {
    char bytes[16] = "";
    TRY(SWEPT(hdb_blob_open)(it.conn, NULL, "t", "b", 1, 1, &it.blob));
    RIGHT(SWEPT(hdb_blob_bytes)(it.blob) == sizeof bytes);
    TRY(SWEPT(hdb_blob_write)(it.blob, "0123456789abcdef", sizeof bytes, 0));
    TRY(SWEPT(hdb_blob_read)(it.blob, bytes, sizeof bytes, 0));
    RIGHT(memcmp(bytes, "0123456789abcdef", sizeof bytes) == 0);
    TRY(SWEPT(hdb_blob_reopen)(it.blob, 2));
    hdb_blob *blob = it.blob;
    it.blob = NULL;
    return SWEPT(hdb_blob_close)(blob);
}

const sweep_case copy_cases[] = {
    {"backup", prepare_other, call_backup},
    {"serialize", NULL, call_serialize},
    {"deserialize", prepare_bytes, call_deserialize},
    {"blob", NULL, call_blob},
    {NULL, NULL, NULL},
};
