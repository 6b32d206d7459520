/* SPDX-License-Identifier: Apache-2.0 */
#include "case_file.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the parser is: lines are taken from `next` one by one. */
struct reader {
    const char *path;
    char *next;
    int line;
    struct case_list *list;
    const struct feature_list *features;
    struct sql_case *test; /* the case being read, NULL before the first one */
    struct case_value *values;
    size_t value_count;
    int connection;
    const struct feature *refused;
    char *refused_setup;
};

static void *grow(void *array, size_t count, size_t size) {
    void *bigger = realloc(array, (count + 1) * size);
    if (!bigger) {
        perror("realloc");
        exit(99);
    }
    memset((char *)bigger + count * size, 0, size);
    return bigger;
}

static char *copy(const char *text, size_t size) {
    char *bytes = grow(NULL, size, 1);
    memcpy(bytes, text, size);
    bytes[size] = '\0';
    return bytes;
}

static bool complain(const struct reader *in, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", in->path, in->line, what);
    return false;
}

static char *skip_spaces(char *text) {
    return text + strspn(text, " \t");
}

/* Takes the next line, ended by NUL in place; NULL at the end of the file. */
static char *next_line(struct reader *in) {
    char *line = in->next;
    if (!line || *line == '\0')
        return NULL;
    char *end = strchr(line, '\n');
    in->next = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    in->line++;
    return line;
}

static bool parse_hex(struct case_value *value, const char *text, char **end) {
    const char *quote = strchr(text, '\'');
    if (!quote || (quote - text) % 2)
        return false;
    value->size = (size_t)(quote - text) / 2;
    value->bytes = copy(text, value->size);
    for (size_t i = 0; i < value->size; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        char *stop = NULL;
        value->bytes[i] = (char)strtol(digits, &stop, 16);
        if (*stop)
            return false;
    }
    *end = (char *)quote + 1;
    return true;
}

static bool parse_text(struct case_value *value, const char *text, char **end) {
    value->bytes = copy(text, strlen(text));
    for (; *text; text++) {
        if (*text == '\'' && *++text != '\'') {
            value->bytes[value->size] = '\0';
            *end = (char *)text;
            return true;
        }
        value->bytes[value->size++] = *text;
    }
    return false;
}

/* One of 12, 1.5, 'text', x'00ff' (a blob), t'00ff' (text given in hex), NULL. */
static bool parse_value(struct case_value *value, char *text, char **end) {
    if (strncmp(text, "NULL", 4) == 0) {
        value->type = SQLITE_NULL;
        *end = text + 4;
        return true;
    }
    if (*text == '\'') {
        value->type = SQLITE_TEXT;
        return parse_text(value, text + 1, end);
    }
    if ((*text == 'x' || *text == 't') && text[1] == '\'') {
        value->type = *text == 'x' ? SQLITE_BLOB : SQLITE_TEXT;
        return parse_hex(value, text + 2, end);
    }
    errno = 0;
    value->type = SQLITE_INTEGER;
    value->integer = strtoll(text, end, 10);
    if (*end != text && errno == 0 && strchr(", \t", **end))
        return true;
    value->type = SQLITE_FLOAT;
    value->real = strtod(text, end);
    return *end != text && strchr(", \t", **end);
}

static bool parse_values(struct reader *in, char *text) {
    for (text = skip_spaces(text); *text; text = skip_spaces(text)) {
        in->values = grow(in->values, in->value_count, sizeof *in->values);
        if (!parse_value(&in->values[in->value_count++], text, &text))
            return complain(in, "not a value");
        text = skip_spaces(text);
        if (*text == ',')
            text++;
        else if (*text)
            return complain(in, "a comma is missing between values");
    }
    return true;
}

static struct case_step *add_step(struct reader *in, enum case_step_kind kind) {
    in->test->steps = grow(in->test->steps, in->test->step_count, sizeof *in->test->steps);
    struct case_step *step = &in->test->steps[in->test->step_count++];
    step->kind = kind;
    step->line = in->line;
    step->connection = in->connection;
    return step;
}

/* Parses "SETUP: FEATURE" or "SETUP: FEATURE: REASON"; SETUP may be empty. */
static bool parse_feature(struct reader *in, char *text, char **setup, const struct feature **feature, char **reason) {
    char *colon = strchr(text, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
    if (!colon || (reason && (!second || !*skip_spaces(second + 1))))
        return complain(in, reason ? "a skip is \"SETUP: FEATURE: the reason\"" : "a refusal is \"refused: FEATURE\"");
    const char *name = skip_spaces(colon + 1);
    char *wanted = copy(name, reason ? (size_t)(second - name) : strlen(name));
    *feature = feature_find(in->features, wanted);
    free(wanted);
    if (!*feature)
        return complain(in, "refusals.txt has no feature of that name");
    *setup = copy(text, (size_t)(colon - text));
    if (reason)
        *reason = copy(skip_spaces(second + 1), strlen(skip_spaces(second + 1)));
    return true;
}

static bool parse_skip(struct reader *in, char *text) {
    in->test->skips = grow(in->test->skips, in->test->skip_count, sizeof *in->test->skips);
    struct case_skip *skip = &in->test->skips[in->test->skip_count++];
    return parse_feature(in, text, &skip->setup, &skip->feature, &skip->reason);
}

static bool parse_refused(struct reader *in, char *text) {
    free(in->refused_setup);
    in->refused_setup = NULL;
    return parse_feature(in, text, &in->refused_setup, &in->refused, NULL);
}

/* A line that begins with "-- " between two statements. */
static bool parse_directive(struct reader *in, char *text) {
    if (!in->test)
        return complain(in, "a directive before the first case");
    if (strncmp(text, "bind:", 5) == 0)
        return parse_values(in, text + 5);
    if (strncmp(text, "skip ", 5) == 0)
        return parse_skip(in, skip_spaces(text + 5));
    if (strncmp(text, "refused", 7) == 0)
        return parse_refused(in, skip_spaces(text + 7));
    if (strcmp(text, "reopen") == 0) {
        add_step(in, STEP_REOPEN);
    } else if (strcmp(text, "rebuild") == 0) {
        add_step(in, STEP_REBUILD);
    } else if (strncmp(text, "timeout ", 8) == 0) {
        in->test->timeout = strtod(text + 8, NULL);
    } else if (strncmp(text, "connection ", 11) == 0) {
        in->connection = atoi(text + 11) - 1;
        if (in->connection < 0 || in->connection >= CASE_CONNECTIONS)
            return complain(in, "no such connection");
    } else {
        return complain(in, "unknown directive");
    }
    return true;
}

static void add_statement(struct reader *in, const char *text, size_t size) {
    struct case_step *step = add_step(in, STEP_SQL);
    step->sql = copy(text, size);
    step->refused = in->refused;
    step->refused_setup = in->refused_setup;
    step->values = in->values;
    step->value_count = in->value_count;
    in->refused = NULL;
    in->refused_setup = NULL;
    in->values = NULL;
    in->value_count = 0;
}

/* Takes complete statements off the front of `text`; returns how many bytes were used. */
static size_t take_statements(struct reader *in, char *text) {
    size_t used = 0;
    for (char *end = strchr(text, ';'); end; end = strchr(end + 1, ';')) {
        char kept = end[1];
        end[1] = '\0';
        bool complete = sqlite3_complete(text + used);
        end[1] = kept;
        if (complete) {
            const char *first = text + used + strspn(text + used, " \t\n");
            add_statement(in, first, (size_t)(end + 1 - first));
            used = (size_t)(end + 1 - text);
        }
    }
    return used + strspn(text + used, " \t\n");
}

static void begin_case(struct reader *in, const char *name) {
    const char *slash = strrchr(in->path, '/');
    const char *file = slash ? slash + 1 : in->path;
    in->list->cases = grow(in->list->cases, in->list->count, sizeof *in->list->cases);
    in->test = &in->list->cases[in->list->count++];
    in->list->owned = in->list->count;
    in->test->file = copy(file, strcspn(file, "."));
    in->test->name = copy(name, strlen(name));
    in->test->line = in->line;
    in->test->timeout = 5;
    in->connection = 0;
}

static bool parse_lines(struct reader *in) {
    char *pending = copy("", 0), *line = NULL;
    size_t size = 0;
    bool ok = true;
    while (ok && (line = next_line(in)) != NULL) {
        if (strncmp(line, "== ", 3) == 0) {
            if (size > 0)
                add_statement(in, pending, size);
            size = 0;
            begin_case(in, line + 3);
        } else if (size == 0 && strncmp(line, "-- ", 3) == 0) {
            ok = parse_directive(in, line + 3);
        } else if (size > 0 || (*skip_spaces(line) && *line != '#')) {
            size_t length = strlen(line);
            if (!in->test)
                ok = complain(in, "a statement before the first case");
            pending = realloc(pending, size + length + 2);
            if (!pending || !ok)
                break;
            memcpy(pending + size, line, length);
            memcpy(pending + size + length, "\n", 2);
            size += length + 1;
            size_t used = take_statements(in, pending);
            memmove(pending, pending + used, size - used + 1);
            size -= used;
        }
    }
    if (ok && size > 0)
        add_statement(in, pending, size);
    free(pending);
    return ok;
}

static char *read_whole(const char *path) {
    char *text = NULL;
    size_t size = 0;
    ssize_t got = 0;
    FILE *file = fopen(path, "r");
    if (file)
        got = getdelim(&text, &size, '\0', file);
    if (!file || got < 0) {
        perror(path);
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

bool case_list_parse(struct case_list *list, const struct feature_list *features, const char *name, char *text) {
    struct reader in = {.path = name, .list = list, .features = features, .next = text};
    bool ok = parse_lines(&in);
    free(in.refused_setup);
    return ok;
}

bool case_list_read(struct case_list *list, const struct feature_list *features, const char *path) {
    char *text = read_whole(path);
    bool ok = text && case_list_parse(list, features, path, text);
    free(text);
    return ok;
}

void case_list_free(struct case_list *list) {
    for (size_t i = 0; i < list->owned; i++) {
        struct sql_case *test = &list->cases[i];
        for (size_t k = 0; k < test->step_count; k++) {
            for (size_t v = 0; v < test->steps[k].value_count; v++)
                free(test->steps[k].values[v].bytes);
            free(test->steps[k].values);
            free(test->steps[k].refused_setup);
            free(test->steps[k].sql);
        }
        for (size_t k = 0; k < test->skip_count; k++) {
            free(test->skips[k].setup);
            free(test->skips[k].reason);
        }
        free(test->steps);
        free(test->skips);
        free(test->file);
        free(test->name);
    }
    free(list->cases);
}

static bool begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

const struct case_skip *case_skip_in(const struct sql_case *test, const char *setup) {
    for (size_t i = 0; i < test->skip_count; i++)
        if (begins_with(setup, test->skips[i].setup))
            return &test->skips[i];
    return NULL;
}

const struct feature *case_refusal_in(const struct case_step *step, const char *setup) {
    return step->refused && begins_with(setup, step->refused_setup) ? step->refused : NULL;
}

bool case_needs_file(const struct sql_case *test) {
    for (size_t i = 0; i < test->step_count; i++)
        if (test->steps[i].kind != STEP_SQL || test->steps[i].connection > 0)
            return true;
    return false;
}
