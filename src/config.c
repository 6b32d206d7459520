/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum key { MODE, DSN, TIMEOUT, OPEN, URI, MEMORY, ENGINE, LINGER, DIRECT, COHERENCE, LOCKING, NOTICES, KEY_COUNT };

static bool is_seconds(const char *value) {
    char *end = NULL;
    double seconds = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(seconds) && seconds >= 0 && seconds <= 2147483;
}

/* What a key takes: one of some words, or seconds, or any text. */
static const struct {
    const char *name;
    const char *words; /* separated by blanks; NULL: any text, "seconds": a number */
} keys[KEY_COUNT] = {
    [MODE] = {"mode", "embedded daemon plain"},
    [DSN] = {"dsn", NULL},
    [TIMEOUT] = {"timeout", "seconds"},
    [OPEN] = {"open", "rwc rw ro"},
    [URI] = {"uri", "0 1"},
    [MEMORY] = {"memory", "sqlite engine"},
    [ENGINE] = {"engine", NULL},
    [LINGER] = {"linger", "seconds"},
    [DIRECT] = {"direct", "auto off"},
    [COHERENCE] = {"coherence", "strict sdk"},
    [LOCKING] = {"locking", "sqlite mvcc"},
    [NOTICES] = {"notices", "stderr off"},
};

struct hdb_config {
    char *values[KEY_COUNT];
};

static int find_key(const char *name) {
    for (int i = 0; name && i < KEY_COUNT; i++)
        if (strcmp(keys[i].name, name) == 0)
            return i;
    return -1;
}

static bool takes(enum key key, const char *value) {
    const char *words = keys[key].words;
    if (!words)
        return true;
    if (strcmp(words, "seconds") == 0)
        return is_seconds(value);
    size_t length = strlen(value);
    for (const char *word = words; *word;) {
        size_t size = strcspn(word, " ");
        if (size == length && memcmp(word, value, size) == 0)
            return true;
        word += size + (word[size] == ' ');
    }
    return false;
}

hdb_config *hdb_config_create(void) {
    return calloc(1, sizeof(hdb_config));
}

void hdb_config_destroy(hdb_config *config) {
    if (!config)
        return;
    for (int i = 0; i < KEY_COUNT; i++)
        free(config->values[i]);
    free(config);
}

int hdb_config_set(hdb_config *config, const char *key, const char *value) {
    if (!config)
        return HDB_MISUSE;
    int index = find_key(key);
    if (index < 0)
        return HDB_NOTFOUND;
    char *copy = NULL;
    if (value) {
        if (!takes((enum key)index, value))
            return HDB_RANGE;
        copy = strdup(value);
        if (!copy)
            return HDB_NOMEM;
    }
    free(config->values[index]);
    config->values[index] = copy;
    return HDB_OK;
}

const char *hdb_config_get(const hdb_config *config, const char *key) {
    int index = find_key(key);
    return config && index >= 0 ? config->values[index] : NULL;
}

const char *hdb_config_key(int index) {
    return index >= 0 && index < KEY_COUNT ? keys[index].name : NULL;
}

/* The value of a key: what was set, else the environment's, else the default. An environment value that the key does
 * not take is an error, so that a typing mistake does not change where rows go. */
static int resolve(const hdb_config *config, enum key key, const char *variable, const char *fallback,
                   const char **out, hdb_error *error) {
    *out = config ? config->values[key] : NULL;
    if (*out)
        return HDB_OK;
    const char *value = variable ? getenv(variable) : NULL;
    if (value && *value) {
        if (!takes(key, value))
            return hdb_error_set(error, HDB_MISUSE, NULL, "%s=%s is not one of the values for %s: %s", variable, value,
                                 keys[key].name, keys[key].words);
        *out = value;
        return HDB_OK;
    }
    *out = fallback;
    return HDB_OK;
}

static bool is_dsn(const char *database) {
    return strncmp(database, "postgresql://", 13) == 0 || strncmp(database, "postgres://", 11) == 0;
}

static int copy_text(char **out, const char *value, hdb_error *error) {
    *out = value ? strdup(value) : NULL;
    return value && !*out ? hdb_error_nomem(error) : HDB_OK;
}

static int resolve_mode(hdb_settings *out, const hdb_config *config, const char *database, hdb_error *error) {
    const char *mode = NULL, *dsn = NULL;
    /* A private database stays private when it is only the environment that asks for a server. */
    bool is_private = *database == '\0' || strcmp(database, ":memory:") == 0;
    int rc = resolve(config, MODE, is_dsn(database) || is_private ? NULL : "HELIOSDB_MODE",
                     is_dsn(database) ? "daemon" : "embedded", &mode, error);
    if (rc != HDB_OK)
        return rc;
    out->mode = strcmp(mode, "daemon") == 0  ? HDB_MODE_DAEMON
                : strcmp(mode, "plain") == 0 ? HDB_MODE_PLAIN
                                             : HDB_MODE_EMBEDDED;
    if (out->mode != HDB_MODE_DAEMON) {
        if (is_dsn(database))
            return hdb_error_set(error, HDB_MISUSE, NULL, "a postgresql:// database can't be opened with mode=%s", mode);
        return HDB_OK;
    }
    rc = resolve(config, DSN, "HELIOSDB_DSN", NULL, &dsn, error);
    if (rc == HDB_OK && is_dsn(database) && !(config && config->values[DSN]))
        dsn = database;
    if (rc == HDB_OK && !dsn)
        rc = hdb_error_set(error, HDB_MISUSE, NULL, "mode=daemon needs a DSN: give dsn=postgresql://... or set HELIOSDB_DSN");
    return rc == HDB_OK ? copy_text(&out->dsn, dsn, error) : rc;
}

int hdb_settings_resolve(hdb_settings *out, const hdb_config *config, const char *database, hdb_error *error) {
    const char *timeout = NULL, *open = NULL, *uri = NULL, *memory = NULL, *engine = NULL, *linger = NULL,
               *direct = NULL, *coherence = NULL, *locking = NULL, *notices = NULL;
    memset(out, 0, sizeof *out);
    int rc = resolve_mode(out, config, database, error);
    if (rc != HDB_OK || (rc = resolve(config, TIMEOUT, NULL, "5", &timeout, error)) != HDB_OK ||
        (rc = resolve(config, OPEN, NULL, "rwc", &open, error)) != HDB_OK ||
        (rc = resolve(config, URI, NULL, "0", &uri, error)) != HDB_OK ||
        (rc = resolve(config, MEMORY, "HELIOSDB_MEMORY", "sqlite", &memory, error)) != HDB_OK ||
        (rc = resolve(config, ENGINE, NULL, NULL, &engine, error)) != HDB_OK ||
        (rc = resolve(config, LINGER, "HELIOSDB_LINGER", "2", &linger, error)) != HDB_OK ||
        (rc = resolve(config, DIRECT, NULL, "auto", &direct, error)) != HDB_OK ||
        (rc = resolve(config, COHERENCE, NULL, "strict", &coherence, error)) != HDB_OK ||
        (rc = resolve(config, LOCKING, NULL, "sqlite", &locking, error)) != HDB_OK ||
        (rc = resolve(config, NOTICES, "HELIOSDB_NOTICES", "stderr", &notices, error)) != HDB_OK)
        return rc;
    out->timeout_ms = (int)(strtod(timeout, NULL) * 1000);
    out->open = strcmp(open, "ro") == 0 ? HDB_OPEN_READ : strcmp(open, "rw") == 0 ? HDB_OPEN_WRITE : HDB_OPEN_CREATE;
    out->uri = *uri == '1';
    out->memory_engine = strcmp(memory, "engine") == 0;
    out->linger = strtod(linger, NULL);
    out->direct = strcmp(direct, "auto") == 0;
    out->sdk = strcmp(coherence, "sdk") == 0;
    out->many_writers = strcmp(locking, "mvcc") == 0;
    out->notices = strcmp(notices, "stderr") == 0;
    if (out->many_writers && (out->mode != HDB_MODE_DAEMON || out->sdk))
        return hdb_error_set(error, HDB_MISUSE, NULL, "locking=mvcc needs mode=daemon and coherence=strict");
    return copy_text(&out->engine, engine, error);
}

void hdb_settings_clear(hdb_settings *settings) {
    free(settings->dsn);
    free(settings->engine);
    settings->dsn = settings->engine = NULL;
}
