/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: a value is taken or refused as a whole, and what is resolved is in its range. The first lines of the input
 * are `key=value`, the last is the database. */
#include "config.h"
#include "fuzz.h"

static void set(hdb_config *config, const char *key, const char *value) {
    char before[64] = "";
    const char *old = hdb_config_get(config, key);
    snprintf(before, sizeof before, "%s", old ? old : "");
    const int rc = hdb_config_set(config, key, value);
    const char *now = hdb_config_get(config, key);
    CHECK(rc == HDB_OK || rc == HDB_RANGE || rc == HDB_NOTFOUND);
    if (rc == HDB_OK)
        CHECK(now != NULL && strcmp(now, value) == 0);
    else
        CHECK(now == old && strncmp(now ? now : "", before, sizeof before - 1) == 0);
}

static void check_resolved(const hdb_config *config, const char *database) {
    hdb_settings settings;
    hdb_error error = HDB_ERROR_INIT;
    const int rc = hdb_settings_resolve(&settings, config, database, &error);
    CHECK(rc == HDB_OK || rc == HDB_MISUSE);
    CHECK(rc == HDB_OK || strlen(hdb_error_message(&error)) > 0);
    if (rc == HDB_OK) {
        CHECK(settings.mode >= HDB_MODE_EMBEDDED && settings.timeout_ms >= 0 && settings.linger >= 0);
        CHECK((settings.mode == HDB_MODE_DAEMON) == (settings.dsn != NULL));
    }
    hdb_settings_clear(&settings);
    hdb_error_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text((hdb_slice){(const char *)data, size}), *line = text;
    hdb_config *config = hdb_config_create();
    CHECK(config != NULL);
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        char *value = strchr(line, '=');
        if (value == NULL)
            continue;
        *value = '\0';
        set(config, line, value + 1);
    }
    check_resolved(config, line);
    check_resolved(NULL, line);
    hdb_config_destroy(config);
    free(text);
    return 0;
}
