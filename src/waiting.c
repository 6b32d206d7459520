/* SPDX-License-Identifier: Apache-2.0 */
#include "waiting.h"

static _Thread_local hdb_watch current;
static _Thread_local int holds;

hdb_watch hdb_waiting_set(hdb_watch watch) {
    hdb_watch before = current;
    current = watch;
    return before;
}

void hdb_waiting_hold(void) {
    holds++;
}

void hdb_waiting_release(void) {
    holds--;
}

void hdb_waiting_for_lock(void) {
    if (current.look)
        current.look(current.context);
}

void hdb_waiting_for_answer(void) {
    if (holds == 0)
        hdb_waiting_for_lock();
}
