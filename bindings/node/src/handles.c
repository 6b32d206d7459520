/* SPDX-License-Identifier: Apache-2.0 */
/* What is open in an environment and must be closed when that ends. */
#include "addon.h"

void handle_add(struct addon *addon, struct handle *handle, void (*close)(struct handle *)) {
    handle->addon = addon;
    handle->close = close;
    handle->previous = NULL;
    handle->next = addon->handles;
    if (handle->next)
        handle->next->previous = handle;
    addon->handles = handle;
}

void handle_remove(struct handle *handle) {
    if (!handle->addon)
        return;
    if (handle->previous)
        handle->previous->next = handle->next;
    else
        handle->addon->handles = handle->next;
    if (handle->next)
        handle->next->previous = handle->previous;
    handle->addon = NULL;
}

void handles_close(struct addon *addon) {
    while (addon->handles) {
        struct handle *handle = addon->handles;
        handle_remove(handle);
        handle->close(handle);
    }
}
