/* SPDX-License-Identifier: Apache-2.0 */
#include "waiting.h"

#include <stddef.h>

static _Thread_local hdb_watch *current;
static _Thread_local int holds;

void hdb_waiting_begin(hdb_watch *watch) {
    watch->outer = current;
    current = watch;
}

void hdb_waiting_end(hdb_watch *watch) {
    for (hdb_watch **place = &current; *place; place = &(*place)->outer)
        if (*place == watch) {
            *place = watch->outer;
            return;
        }
}

void hdb_waiting_hold(void) {
    holds++;
}

void hdb_waiting_release(void) {
    holds--;
}

void hdb_waiting_for_lock(void) {
    if (current)
        current->look(current->context);
}

void hdb_waiting_for_answer(void) {
    if (holds == 0)
        hdb_waiting_for_lock();
}
