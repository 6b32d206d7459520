/* SPDX-License-Identifier: Apache-2.0 */
#include "attached.h"
#include "support.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char mark[] = "{dir}";

static char *replace(const char *text, const char *old, const char *new) {
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    for (const char *found; (found = strstr(text, old)) != NULL; text = found + strlen(old))
        fprintf(out, "%.*s%s", (int)(found - text), text, new);
    fputs(text, out);
    fclose(out);
    return result;
}

static bool is_marked(const struct case_value *value) {
    return value->type == SQLITE_TEXT && strstr(value->bytes, mark);
}

struct case_step *attached_step(const struct case_step *step, const char *directory) {
    bool marked = strstr(step->sql, mark) != NULL;
    for (size_t i = 0; i < step->value_count; i++)
        marked = marked || is_marked(&step->values[i]);
    if (!marked)
        return NULL;
    mkdir(directory, 0700);
    struct case_step *own = calloc(1, sizeof *own);
    struct case_value *values = calloc(step->value_count + 1, sizeof *values);
    if (!own || !values)
        abort();
    *own = *step;
    own->sql = replace(step->sql, mark, directory);
    own->values = values;
    for (size_t i = 0; i < step->value_count; i++) {
        const struct case_value *given = &step->values[i];
        values[i] = *given;
        values[i].bytes = NULL;
        if (is_marked(given)) {
            values[i].bytes = replace(given->bytes, mark, directory);
            values[i].size = strlen(values[i].bytes);
        } else if (given->bytes) {
            values[i].bytes = malloc(given->size + 1);
            if (!values[i].bytes)
                abort();
            memcpy(values[i].bytes, given->bytes, given->size);
        }
    }
    return own;
}

void attached_free(struct case_step *step) {
    if (!step)
        return;
    for (size_t i = 0; i < step->value_count; i++)
        free(step->values[i].bytes);
    free(step->values);
    free(step->sql);
    free(step);
}

char *attached_hide(char *text, const char *directory) {
    char *hidden = replace(text, directory, mark);
    free(text);
    return hidden;
}

static int is_database(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 3 && strcmp(entry->d_name + length - 3, ".db") == 0;
}

char **attached_names(const char *directory) {
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_database, alphasort);
    if (count <= 0) {
        free(entries);
        return NULL;
    }
    char **names = calloc((size_t)count + 1, sizeof *names);
    if (!names)
        abort();
    for (int i = 0; i < count; i++) {
        names[i] = support_format("%s", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return names;
}

void attached_remove_replicas(const char *directory) {
    char **names = attached_names(directory);
    for (char **name = names; name && *name; name++) {
        char *path = support_format("%s/%s", directory, *name);
        support_remove_replica(path);
        free(path);
        free(*name);
    }
    free(names);
}
