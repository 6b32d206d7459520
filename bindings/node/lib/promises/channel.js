// SPDX-License-Identifier: Apache-2.0
'use strict';
const native = require('../native');
const errors = require('../node/errors');
const { openConnection } = require('../node/options');
const { Scope, scopeOf } = require('./turns');

const ENDED = [9, 5]; // HDB_INTERRUPT, and HDB_BUSY of one that was interrupted while it waited for a lock

/** What ends a call before its time: a signal, a deadline, or both. */
class Deadline {
  #timer;
  #signal;
  #listeners = new Set();
  #onAbort;

  /** @param {{signal?: AbortSignal, timeout?: number}} options */
  constructor({ signal, timeout }) {
    this.reason = undefined;
    this.reached = false;
    this.#signal = signal;
    this.#onAbort = () => this.#reach(signal.reason);
    if (signal?.aborted) this.#reach(signal.reason);
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeout !== undefined)
      this.#timer = setTimeout(
        () => this.#reach(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
        timeout
      );
  }

  #reach(reason) {
    if (this.reached) return;
    this.reached = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener(reason);
  }

  check() {
    if (this.reached) throw this.reason;
  }

  /** Has a function called when it is reached; gives what takes the function away again. */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end() {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** A deadline that is never reached. */
const NEVER = { reached: false, check() {}, watch: () => () => {}, end() {} };

const deadlineOf = (options) =>
  options.signal === undefined && options.timeout === undefined ? NEVER : new Deadline(options);

/** A connection with a thread of its own, and the order of what is done on it. */
class Channel {
  #connection;
  scope = new Scope(null);
  epoch = 0; // counts what finalizes all statements
  isOpen = false;

  async open(path, options) {
    this.#connection = new (native.load().Connection)(true);
    await openConnection(this.#connection, path, options);
    this.isOpen = true;
  }

  /** The native connection, also to be copied from. */
  get connection() {
    if (!this.isOpen) throw errors.state('database is not open');
    return this.#connection;
  }

  get isTransaction() {
    return this.isOpen && this.#connection.inTransaction;
  }

  /**
   * Has something begun when it is the turn of the calling code. Calls begin in the order in which this was called.
   *
   * @param {Scope} scope
   * @param {Deadline} deadline ends the wait
   * @param {(hold: () => void) => *} begin gives the result or a promise of it; after hold() others wait until scope.leave()
   */
  async inTurn(scope, deadline, begin) {
    deadline.check();
    return new Promise((resolve, reject) => {
      let forget = () => {};
      let begun = false;
      const takeOff = scope.enter(() => {
        let held = false;
        begun = true;
        forget();
        try {
          resolve(begin(() => (held = true)));
        } catch (error) {
          reject(error);
        }
        return held;
      });
      if (begun) return;
      forget = deadline.watch((reason) => {
        reject(reason);
        takeOff();
      });
    });
  }

  /**
   * Makes one call when it is its turn.
   *
   * @param {(connection: object) => Promise<*>} call of the native connection
   * @param {{signal?: AbortSignal, timeout?: number}} options
   */
  async call(call, options) {
    const deadline = deadlineOf(options);
    try {
      return await this.inTurn(scopeOf(this), deadline, () => this.submit(call, deadline));
    } finally {
      deadline.end();
    }
  }

  /** The same for what need not wait for its turn. */
  callNow(call) {
    return this.submit(call, NEVER);
  }

  /** Makes a call at once; it must be its turn. */
  async submit(call, deadline) {
    if (deadline === NEVER) return call(this.connection);
    deadline.check();
    const connection = this.connection;
    const result = call(connection);
    const id = connection.lastOperation;
    let forget;
    const given = new Promise((_, reject) => {
      forget = deadline.watch((reason) => {
        if (connection.cancel(id)) reject(reason);
      });
    });
    try {
      return await Promise.race([result, given]);
    } catch (error) {
      // One that was interrupted tells why; one that has done its work in time has done it.
      if (deadline.reached && ENDED.includes(error?.errcode & 0xff)) throw deadline.reason;
      throw error;
    } finally {
      forget();
    }
  }

  async close(options) {
    const deadline = deadlineOf(options);
    const scope = scopeOf(this);
    if (scope !== this.scope) throw errors.state('database cannot be closed in a transaction');
    try {
      await this.inTurn(scope, deadline, (hold) => hold());
    } finally {
      deadline.end();
    }
    try {
      await this.#closeNow();
    } finally {
      scope.leave(); // those that wait are told that the database is not open
    }
  }

  async #closeNow() {
    const connection = this.connection;
    this.isOpen = false;
    this.epoch++;
    await connection.close();
  }
}

module.exports = { Channel, deadlineOf };
