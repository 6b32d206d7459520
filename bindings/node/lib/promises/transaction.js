// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('../node/errors');
const { deadlineOf } = require('./channel');
const { Scope, runIn, scopeOf } = require('./turns');

const BUSY = 5; // HDB_BUSY, the primary code
const MODES = { deferred: 'BEGIN', immediate: 'BEGIN IMMEDIATE', exclusive: 'BEGIN EXCLUSIVE' };
const MAX_PAUSE = 128; // milliseconds

const isBusy = (error) => (error?.errcode & 0xff) === BUSY;
const pause = (tries) => new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(MAX_PAUSE, 2 ** tries)));

/** The statements that begin and end a transaction: the outermost one, or one in another. */
function statementsOf(mode, depth) {
  if (depth === 0) return { begin: MODES[mode], commit: 'COMMIT', rollback: 'ROLLBACK' };
  const name = `"\t_hdb_transaction_${depth}\t"`;
  return {
    begin: `SAVEPOINT ${name}`,
    commit: `RELEASE ${name}`,
    rollback: `ROLLBACK TO ${name}; RELEASE ${name}`,
  };
}

/** A signal for the calls in a transaction, which ends them when the transaction's deadline is reached. */
function signalOf(deadline) {
  const controller = new AbortController();
  deadline.watch((reason) => controller.abort(reason));
  return controller.signal;
}

/** Runs the function in a transaction, once. It is this transaction's turn in the scope. */
async function attempt(channel, scope, { begin, commit, rollback }, deadline, signal, fn) {
  const inner = new Scope(scope);
  await channel.callNow((connection) => connection.exec(begin));
  try {
    const result = await runIn(channel, inner, () => fn(signal));
    await channel.inTurn(inner, deadline, (hold) => hold()); // after transactions in it that nobody has waited for
    inner.ended = true;
    deadline.check();
    await channel.callNow((connection) => connection.exec(commit));
    return result;
  } catch (error) {
    inner.ended = true;
    // Some errors have ended the transaction already.
    if (channel.isTransaction) await channel.callNow((connection) => connection.exec(rollback));
    throw error;
  }
}

/**
 * Runs a function in a transaction.
 *
 * @param {Channel} channel
 * @param {Function} fn called with a signal that is aborted when the transaction's deadline is reached
 * @param {{mode?: string, retries?: number}} given
 * @param {object} options those of the call: `signal`, `timeout`
 */
async function transaction(channel, fn, { mode = 'deferred', retries = 0 }, options) {
  if (typeof fn !== 'function') throw errors.argumentType('fn', 'a function');
  if (!Object.hasOwn(MODES, mode)) throw errors.argumentType('options.mode', '"deferred", "immediate" or "exclusive"');
  if (!Number.isInteger(retries) || retries < 0) throw errors.argumentType('options.retries', 'a non-negative integer');
  const scope = scopeOf(channel);
  const statements = statementsOf(mode, scope.depth);
  const deadline = deadlineOf(options);
  const signal = signalOf(deadline);
  try {
    await channel.inTurn(scope, deadline, (hold) => hold());
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await attempt(channel, scope, statements, deadline, signal, fn);
        } catch (error) {
          if (scope.depth > 0 || tries >= retries || !isBusy(error)) throw error;
          await pause(tries);
        }
      }
    } finally {
      scope.leave();
    }
  } finally {
    deadline.end();
  }
}

module.exports = transaction;
