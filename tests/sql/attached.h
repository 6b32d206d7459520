/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a case attaches. "{dir}" in a statement, and in its text parameters, stands for a directory that each
 * side has for itself; in what is reported of the statement it stands for that directory again. */
#ifndef ATTACHED_H
#define ATTACHED_H

#include "case_file.h"

/* The step with its own directory in it, to be given back by attached_free(); makes the directory. NULL if the step
 * names none: then it is run as it is. */
struct case_step *attached_step(const struct case_step *step, const char *directory);
void attached_free(struct case_step *step);
/* The text with "{dir}" where the directory is named; takes over `text`. */
char *attached_hide(char *text, const char *directory);
/* Deletes the databases in a directory, but not what their engines keep. */
void attached_remove_replicas(const char *directory);
/* The names of the databases in a directory, ended by NULL; NULL if there are none. */
char **attached_names(const char *directory);

#endif
