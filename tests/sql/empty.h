/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EMPTY_H
#define EMPTY_H

#include <stdio.h>

/* Drops everything in the database of a session of libheliosdb, so that another case can use it; writes what went wrong. */
void empty_database(void *session, FILE *report);

#endif
