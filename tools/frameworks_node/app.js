// SPDX-License-Identifier: Apache-2.0
'use strict';
// What the programs share: they print what they find, a line each, and what was refused.

/** Prints a line that is the same wherever the same was found. */
exports.show = function show(what, value) {
  console.log(`${what}: ${JSON.stringify(value, (key, part) => (typeof part === 'bigint' ? `${part}n` : part))}`);
};

/** Does what must fail, and prints how. */
exports.refused = async function refused(what, action) {
  try {
    await action();
  } catch (error) {
    const cause = error.driverError || error.cause || error;
    exports.show(`${what} refused`, [cause.constructor.name, cause.code, cause.message]);
    return;
  }
  throw new Error(`${what} was not refused`);
};

/** Runs a program; its database is the first argument. */
exports.run = function run(main) {
  main(process.argv[2]).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
};
