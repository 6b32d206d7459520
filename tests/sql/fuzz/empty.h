/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_EMPTY_H
#define FUZZ_EMPTY_H

#include "../compare.h"
#include <stdbool.h>

/* Drops everything that the case left in the embedded database of a directory, so that the next one can use the engine
 * that runs there: starting one takes far longer than a case does. False if that did not work. */
bool empty_database(const char *directory, const struct setup *setup);

#endif
