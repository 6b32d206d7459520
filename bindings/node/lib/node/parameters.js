// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('./errors');

/** Which parameter a name in an object of named values means, of one statement. */
class Parameters {
  #names;
  #full = null;
  #bare = null;

  /** @param {Array<string|null>} names the names of the parameters, with their prefix; null for those without */
  constructor(names) {
    this.#names = names;
  }

  #prepare() {
    this.#full = new Map();
    this.#names.forEach((name, i) => {
      if (name !== null) this.#full.set(name, i + 1);
    });
  }

  #prepareBare() {
    const bare = new Map();
    const full = new Map();
    for (const [name, index] of this.#full) {
      const short = name.slice(1);
      if (bare.has(short))
        throw errors.state(
          `Cannot create bare named parameter '${short}' because of conflicting names '${full.get(short)}' and '${name}'.`
        );
      bare.set(short, index);
      full.set(short, name);
    }
    this.#bare = bare;
  }

  /**
   * The named values as the addon takes them: [index, value, index, value, ...].
   *
   * @param {object} values
   * @param {boolean} allowBare whether names may lack their prefix
   * @param {boolean} allowUnknown whether names that the statement does not have are passed over
   */
  resolve(values, allowBare, allowUnknown) {
    if (!this.#full) this.#prepare();
    if (allowBare && !this.#bare) this.#prepareBare();
    const pairs = [];
    for (const key of Object.keys(values)) {
      const index = this.#full.get(key) ?? (allowBare ? this.#bare.get(key) : undefined);
      if (index !== undefined) pairs.push(index, values[key]);
      else if (!allowUnknown) throw errors.state(`Unknown named parameter '${key}'`);
    }
    return pairs;
  }
}

/** Whether the first argument is an object of named values. */
const isNamed = (value) =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof ArrayBuffer);

module.exports = { Parameters, isNamed };
