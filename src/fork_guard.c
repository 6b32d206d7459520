/* SPDX-License-Identifier: Apache-2.0 */
#include "fork_guard.h"

#include <pthread.h>

enum { MOST_FUNCTIONS = 4 };

static unsigned generation = 1;
static void (*functions[MOST_FUNCTIONS])(void);
static int function_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void in_child(void) {
    generation++;
    pthread_mutex_init(&mutex, NULL);
    for (int i = 0; i < function_count; i++)
        functions[i]();
}

static void install(void) {
    pthread_atfork(NULL, NULL, in_child);
}

unsigned hdb_fork_generation(void) {
    pthread_once(&once, install);
    return generation;
}

void hdb_fork_in_child(void (*function)(void)) {
    pthread_once(&once, install);
    pthread_mutex_lock(&mutex);
    if (function_count < MOST_FUNCTIONS)
        functions[function_count++] = function;
    pthread_mutex_unlock(&mutex);
}
