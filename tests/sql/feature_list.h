/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what heliosdb refuses or does otherwise in some set-up (refusals.txt): cases name its entries. */
#ifndef FEATURE_LIST_H
#define FEATURE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct feature {
    char *name;
    char *words; /* what the message of a refusal holds; NULL: never refused, only left out of set-ups */
};

/* The list is one of exceptions: it has fewer than this many. */
enum { MOST_FEATURES = 20 };

struct feature_list {
    struct feature *features;
    size_t count;
};

/* Reads lines "NAME | WORDS | EXPLANATION"; lines that begin with '#' and empty ones are passed over. Tells what is
 * wrong on stderr and returns false if the file can't be read or parsed. */
bool feature_list_read(struct feature_list *list, const char *path);
void feature_list_free(struct feature_list *list);
/* The entry of a name; NULL if there is none. */
const struct feature *feature_find(const struct feature_list *list, const char *name);

#endif
