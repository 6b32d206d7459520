/* SPDX-License-Identifier: Apache-2.0 */
#include "feature_list.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *trimmed(const char *text, size_t size) {
    while (size > 0 && strchr(" \t\n", text[size - 1]))
        size--;
    while (size > 0 && strchr(" \t", *text)) {
        text++;
        size--;
    }
    return support_format("%.*s", (int)size, text);
}

static bool add_line(struct feature_list *list, const char *line) {
    const char *first = strchr(line, '|'), *second = first ? strchr(first + 1, '|') : NULL;
    if (!second)
        return false;
    struct feature *bigger = realloc(list->features, (list->count + 1) * sizeof *bigger);
    if (!bigger)
        abort();
    list->features = bigger;
    struct feature *feature = &bigger[list->count++];
    feature->name = trimmed(line, (size_t)(first - line));
    feature->words = trimmed(first + 1, (size_t)(second - first - 1));
    if (*feature->words == '\0') {
        free(feature->words);
        feature->words = NULL;
    }
    return *feature->name != '\0';
}

bool feature_list_read(struct feature_list *list, const char *path) {
    char *line = NULL;
    size_t size = 0;
    bool ok = true;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    for (int number = 1; ok && getline(&line, &size, file) > 0; number++) {
        if (*line == '#' || *line == '\n')
            continue;
        ok = add_line(list, line);
        if (!ok)
            fprintf(stderr, "%s:%d: not NAME | WORDS | EXPLANATION\n", path, number);
    }
    if (list->count >= MOST_FEATURES) {
        fprintf(stderr, "%s: %d features are too many\n", path, (int)list->count);
        ok = false;
    }
    free(line);
    fclose(file);
    return ok;
}

void feature_list_free(struct feature_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->features[i].name);
        free(list->features[i].words);
    }
    free(list->features);
}

const struct feature *feature_find(const struct feature_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->features[i].name, name) == 0)
            return &list->features[i];
    return NULL;
}
