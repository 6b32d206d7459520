/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and changesets. */
#include "sweep.h"

static void start(void) {
    sweep_must(hdb_session_create(it.conn, NULL, &it.session), "hdb_session_create");
    sweep_must(hdb_session_attach(it.session, NULL), "hdb_session_attach");
}

static int call_record(void) {
    TRY(SWEPT(hdb_session_create)(it.conn, NULL, &it.session));
    TRY(SWEPT(hdb_session_attach)(it.session, "t"));
    RIGHT(SWEPT(hdb_session_enable)(it.session, -1) == 1 && SWEPT(hdb_session_indirect)(it.session, -1) == 0);
    TRY(SWEPT(hdb_exec)(it.conn, "INSERT INTO t(a) VALUES ('three'); UPDATE t SET a = 'uno' WHERE id = 1; DELETE FROM t WHERE id = 2", -1));
    TRY(SWEPT(hdb_session_changeset)(it.session, &it.bytes[0], &it.sizes[0]));
    TRY(SWEPT(hdb_session_patchset)(it.session, &it.bytes[1], &it.sizes[1]));
    RIGHT(SWEPT(hdb_session_is_empty)(it.session) == 0 && it.sizes[0] > it.sizes[1] && it.sizes[1] > 0);
    SWEPT(hdb_session_delete)(it.session);
    it.session = NULL;
    return HDB_OK;
}

/* A changeset of three changes; on `other`, where it is to be applied, all of them are in conflict or new. */
static void prepare_changeset(void) {
    start();
    sweep_run(it.conn, "INSERT INTO t(a) VALUES ('three'); UPDATE t SET a = 'uno' WHERE id = 1; DELETE FROM t WHERE id = 2");
    sweep_must(hdb_session_changeset(it.session, &it.bytes[0], &it.sizes[0]), "hdb_session_changeset");
    hdb_session_delete(it.session);
    it.session = NULL;
    sweep_must(hdb_connect(":memory:", NULL, &it.other), "hdb_connect");
    sweep_run(it.other, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB);"
                        "INSERT INTO t VALUES (1, 'other', NULL), (2, 'two', zeroblob(16)), (3, 'there', NULL)");
}

static int call_invert(void) {
    TRY(SWEPT(hdb_changeset_invert)(it.bytes[0], it.sizes[0], &it.bytes[1], &it.sizes[1]));
    RIGHT(it.sizes[1] > 0);
    return HDB_OK;
}

static int call_concat(void) {
    TRY(SWEPT(hdb_changeset_concat)(it.bytes[0], it.sizes[0], it.bytes[0], it.sizes[0], &it.bytes[1], &it.sizes[1]));
    RIGHT(it.sizes[1] > 0);
    return HDB_OK;
}

static int take_every(void *user_data, const char *table) {
    (void)user_data, (void)table;
    return 1;
}

static int look(void *user_data, int conflict, hdb_change *change) {
    ++*(int *)user_data;
    (void)SWEPT(hdb_change_table)(change);
    (void)SWEPT(hdb_change_operation)(change);
    (void)SWEPT(hdb_change_indirect)(change);
    (void)SWEPT(hdb_change_violations)(change);
    for (int i = 0; i < SWEPT(hdb_change_columns)(change); i++) {
        (void)SWEPT(hdb_change_is_key)(change, i);
        (void)hdb_datum_text(SWEPT(hdb_change_old)(change, i));
        (void)hdb_datum_text(SWEPT(hdb_change_new)(change, i));
        (void)hdb_datum_text(SWEPT(hdb_change_conflict)(change, i));
    }
    return conflict == HDB_CONFLICT_DATA || conflict == HDB_CONFLICT_CONFLICT ? HDB_RESOLUTION_REPLACE : HDB_RESOLUTION_OMIT;
}

static int call_apply(void) {
    int conflicts = 0;
    TRY(SWEPT(hdb_changeset_apply)(it.other, it.bytes[0], it.sizes[0], take_every, look, &conflicts));
    RIGHT(conflicts >= 2);
    return SWEPT(hdb_exec)(it.other, "SELECT a FROM t", -1);
}

const sweep_case session_cases[] = {
    {"record changes", NULL, call_record},
    {"invert a changeset", prepare_changeset, call_invert},
    {"concatenate changesets", prepare_changeset, call_concat},
    {"apply a changeset", prepare_changeset, call_apply},
    {NULL, NULL, NULL},
};
