/* SPDX-License-Identifier: Apache-2.0 */
/* No password gets out of a connection string, neither where it is shown nor where it is called malformed. Where the input
 * has a '~', a password stands in the connection string. */
#include "buffer.h"
#include "fuzz.h"
#include "link/link.h"
#include <libpq-fe.h>

#define SECRET "tiger5ecret"

static char *with_secret(const uint8_t *data, size_t size) {
    hdb_buffer text = HDB_BUFFER_INIT;
    for (size_t i = 0; i < size && data[i] != '\0'; i++) {
        if (data[i] == '~')
            hdb_buffer_text(&text, SECRET);
        else
            hdb_buffer_char(&text, (char)data[i]);
    }
    char *taken = hdb_buffer_take(&text);
    CHECK(taken != NULL);
    return taken;
}

/* Whether the secret is in a value that is not a password: such a one is shown. */
static bool is_told_elsewhere(const PQconninfoOption *options) {
    for (; options->keyword != NULL; options++) {
        const bool secret = strcmp(options->keyword, "password") == 0 || strcmp(options->keyword, "sslpassword") == 0;
        if (!secret && options->val != NULL && strstr(options->val, SECRET) != NULL)
            return true;
    }
    return false;
}

/* What is shown says the same again, the passwords apart. */
static void check_same(const PQconninfoOption *options, const char *shown) {
    PQconninfoOption *again = PQconninfoParse(shown, NULL);
    CHECK(again != NULL);
    for (int i = 0; options[i].keyword != NULL; i++) {
        const char *was = options[i].val, *is = again[i].val;
        CHECK((was == NULL) == (is == NULL));
        if (was != NULL && strstr(options[i].keyword, "password") == NULL)
            CHECK(strcmp(was, is) == 0);
    }
    PQconninfoFree(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *conninfo = with_secret(data, size), *shown = hdb_link_show_conninfo(conninfo);
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    CHECK(shown != NULL);
    if (options != NULL) {
        CHECK(is_told_elsewhere(options) || strstr(shown, SECRET) == NULL);
        check_same(options, shown);
    } else {
        /* It is not connected to: it can't be read. */
        hdb_error error = HDB_ERROR_INIT;
        hdb_link *link = NULL;
        CHECK(hdb_link_open(conninfo, 1, NULL, &link, &error) == HDB_CANTOPEN && link == NULL);
        CHECK(strstr(shown, SECRET) == NULL && strstr(hdb_error_message(&error), SECRET) == NULL);
        hdb_error_clear(&error);
    }
    PQconninfoFree(options);
    free(shown);
    free(conninfo);
    return 0;
}
