// SPDX-License-Identifier: Apache-2.0
'use strict';

const controllers = new WeakMap();
const SAVEPOINT = '"\t_hdb_transaction\t"';

/** The statements that begin and end transactions of one database, prepared once. */
function controllerOf(database) {
  let controller = controllers.get(database);
  if (controller) return controller;
  const statement = (sql) => database.prepare(sql);
  const outer = { after: statement('COMMIT'), undo: statement('ROLLBACK') };
  controller = {
    default: { ...outer, before: statement('BEGIN') },
    deferred: { ...outer, before: statement('BEGIN DEFERRED') },
    immediate: { ...outer, before: statement('BEGIN IMMEDIATE') },
    exclusive: { ...outer, before: statement('BEGIN EXCLUSIVE') },
    nested: {
      before: statement(`SAVEPOINT ${SAVEPOINT}`),
      after: statement(`RELEASE ${SAVEPOINT}`),
      undo: statement(`ROLLBACK TO ${SAVEPOINT}`),
    },
  };
  controllers.set(database, controller);
  return controller;
}

function wrap(database, fn, kind) {
  const controller = controllerOf(database);
  return function sqliteTransaction(...args) {
    const nested = database.inTransaction;
    const { before, after, undo } = nested ? controller.nested : controller[kind];
    before.run();
    try {
      const result = fn.apply(this, args);
      if (result && typeof result.then === 'function')
        throw new TypeError('Transaction function cannot return a promise');
      after.run();
      return result;
    } catch (error) {
      // Some errors (a full disk, a ROLLBACK in the function) have ended the transaction already.
      if (database.inTransaction) {
        undo.run();
        if (nested) after.run();
      }
      throw error;
    }
  };
}

/**
 * Makes a function that runs `fn` in a transaction: committed when `fn` returns, rolled back when it throws. Called
 * within a transaction it nests, by a savepoint. The function has the variants `.deferred`, `.immediate` and
 * `.exclusive`, and `.default`, which is itself.
 *
 * @param {Function} fn called with the arguments and the `this` of the call; must not be async
 * @returns {Function}
 * @throws {TypeError} if `fn` is not a function; when called: what `fn` throws, or SqliteError
 * @example
 * const insertMany = db.transaction((cats) => {
 *   for (const cat of cats) insert.run(cat);
 * });
 * insertMany.immediate([{ name: 'Joey' }, { name: 'Sally' }]);
 */
module.exports = function transaction(fn) {
  if (typeof fn !== 'function') throw new TypeError('Expected first argument to be a function');
  const variants = {};
  for (const kind of ['default', 'deferred', 'immediate', 'exclusive'])
    variants[kind] = { value: wrap(this, fn, kind) };
  for (const { value } of Object.values(variants))
    Object.defineProperties(value, { ...variants, database: { value: this, enumerable: true } });
  return variants.default.value;
};
