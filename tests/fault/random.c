/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

unsigned fault_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}
