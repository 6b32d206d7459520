// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('../node/errors');
const { ASYNC_DISPOSE } = require('./statement');

const KEY = Symbol('only this package makes sessions');

/** Records what changes in tables, made by `database.createSession()`. */
class Session {
  #channel;
  #handle;
  #epoch;
  #call;

  constructor(key, channel, handle, call) {
    if (key !== KEY) throw errors.illegalConstructor();
    this.#channel = channel;
    this.#handle = handle;
    this.#epoch = channel.epoch;
    this.#call = call;
  }

  async #changes(patch) {
    if (this.#handle === null || this.#epoch !== this.#channel.epoch) throw errors.state('session is not open');
    return this.#channel.call((connection) => connection.changeset(this.#handle, patch), this.#call);
  }

  /** What has changed since the session began. @returns {Promise<Uint8Array>} */
  changeset() {
    return this.#changes(false);
  }

  /** The same, without the old values that are not needed to find a row. @returns {Promise<Uint8Array>} */
  patchset() {
    return this.#changes(true);
  }

  /** Ends the session unless it has ended. @returns {Promise<void>} */
  async close() {
    const handle = this.#handle;
    this.#handle = null;
    if (handle !== null && this.#epoch === this.#channel.epoch)
      await this.#channel.call((connection) => connection.deleteSession(handle), {});
  }

  /** The same, for `await using`. */
  [ASYNC_DISPOSE]() {
    return this.close();
  }
}

const createSession = (channel, handle, call) => new Session(KEY, channel, handle, call);

module.exports = { Session, createSession };
