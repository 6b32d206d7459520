/* SPDX-License-Identifier: Apache-2.0 */
#include "fork_guard.h"

#include <pthread.h>

static unsigned generation = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void in_child(void) {
    generation++;
}

static void install(void) {
    pthread_atfork(NULL, NULL, in_child);
}

unsigned hdb_fork_generation(void) {
    pthread_once(&once, install);
    return generation;
}
