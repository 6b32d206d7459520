// SPDX-License-Identifier: Apache-2.0
'use strict';

/** Where a Database keeps the native one. */
module.exports = Symbol('heliosdb native database');
