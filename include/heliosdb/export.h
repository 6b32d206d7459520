/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Symbol visibility. Only what is marked `HDB_API` leaves the shared library.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_EXPORT_H
#define HELIOSDB_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define HDB_API __attribute__((visibility("default")))
#else
#define HDB_API
#endif

#endif
