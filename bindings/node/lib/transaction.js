// SPDX-License-Identifier: Apache-2.0
'use strict';
const handle = require('./handle');

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

function run(database, { before, after, undo }, nested, call) {
  before.run();
  try {
    const result = call();
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
}

const isBusy = (error) => typeof error?.code === 'string' && /^SQLITE_BUSY(_|$)/.test(error.code);

function wrap(database, fn, kind, retries) {
  const controller = controllerOf(database);
  return function sqliteTransaction(...args) {
    const call = () => fn.apply(this, args);
    if (database.inTransaction) return run(database, controller.nested, true, call);
    for (let tries = 0; ; tries++) {
      try {
        return run(database, controller[kind], false, call);
      } catch (error) {
        if (tries >= retries || !isBusy(error)) throw error;
        database[handle].retry(tries);
      }
    }
  };
}

/**
 * Makes a function that runs `fn` in a transaction: committed when `fn` returns, rolled back when it throws. Called
 * within a transaction it nests, by a savepoint. The function has the variants `.deferred`, `.immediate` and
 * `.exclusive`, and `.default`, which is itself.
 *
 * Unlike better-sqlite3's it can be tried again when the database is busy: with `locking=mvcc` transactions that meet end so.
 *
 * @param {Function} fn called with the arguments and the `this` of the call; must not be async
 * @param {{retries?: number}} [options] `retries`: how often `fn` may be called anew, after a short time, when the database
 *   is busy (0); not within a transaction
 * @returns {Function}
 * @throws {TypeError} if `fn` is not a function; when called: what `fn` throws, or SqliteError
 * @example
 * const insertMany = db.transaction((cats) => {
 *   for (const cat of cats) insert.run(cat);
 * });
 * insertMany.immediate([{ name: 'Joey' }, { name: 'Sally' }]);
 */
module.exports = function transaction(fn, { retries = 0 } = {}) {
  if (typeof fn !== 'function') throw new TypeError('Expected first argument to be a function');
  if (!Number.isInteger(retries) || retries < 0) throw new TypeError('Expected "retries" to be a number that is not negative');
  const variants = {};
  for (const kind of ['default', 'deferred', 'immediate', 'exclusive'])
    variants[kind] = { value: wrap(this, fn, kind, retries) };
  for (const { value } of Object.values(variants))
    Object.defineProperties(value, { ...variants, database: { value: this, enumerable: true } });
  return variants.default.value;
};
