// SPDX-License-Identifier: Apache-2.0
'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const errors = require('../node/errors');

// Of code that runs in a transaction: { channel, scope, outer }, innermost first.
const running = new AsyncLocalStorage();

/**
 * Whose turn it is on one connection. Calls are let through in the order in which they were made; while a transaction
 * is open, only those that its own function makes. Each transaction has such a list of its own for its calls, and for
 * the transactions in it.
 */
class Scope {
  #held = false;
  #waiting = [];

  /** @param {Scope|null} parent of the transaction around this one */
  constructor(parent) {
    this.depth = parent ? parent.depth + 1 : 0;
    this.ended = false;
  }

  /**
   * Has something begun when it is its turn: at once, or later.
   *
   * @param {() => boolean} begin called once; true: others are to wait until leave()
   * @returns {() => void} takes it off the list, if it still waits
   */
  enter(begin) {
    if (this.ended) throw errors.state('the transaction has ended');
    if (!this.#held && this.#waiting.length === 0) {
      this.#held = begin();
      return () => {};
    }
    this.#waiting.push(begin);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== begin);
      this.#admit();
    };
  }

  /** Ends a turn for which others have to wait. */
  leave() {
    this.#held = false;
    this.#admit();
  }

  #admit() {
    while (!this.#held && this.#waiting.length > 0) this.#held = this.#waiting.shift()();
  }
}

/** The scope in which the calling code runs, of one connection. */
function scopeOf(channel) {
  for (let at = running.getStore(); at; at = at.outer) if (at.channel === channel) return at.scope;
  return channel.scope;
}

/** Runs a function as the one of a transaction. */
function runIn(channel, scope, fn) {
  return running.run({ channel, scope, outer: running.getStore() }, fn);
}

module.exports = { Scope, runIn, scopeOf };
