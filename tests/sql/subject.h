/* SPDX-License-Identifier: Apache-2.0 */
/* What else the libheliosdb side offers; see session.h. */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "case_file.h"
#include <stdio.h>

/* Runs a statement that must be refused, with a message that names the feature. Writes only what is otherwise. */
void subject_refuse(void *session, const struct case_step *step, const struct feature *feature, FILE *report);
/* Compares the connection's own store with its replica, where it has one. Writes only what differs. */
void subject_verify(void *session, FILE *report);
/* A DSN of the private engine, which then holds all that was committed; NULL if it can't be had, and the report says
 * why. It is the session's. */
const char *subject_engine(void *session, FILE *report);

#endif
