// SPDX-License-Identifier: Apache-2.0
'use strict';
// Rows arrive from the addon as one flat array, [width, more, names, value, value, ...]; src/results.c tells of it.

const HEADER = 3;

const factories = new Map();
const MAX_FACTORIES = 512;

/** Builds rows one property at a time: where `new Function` is forbidden (--disallow-code-generation-from-strings). */
function assignRow(names) {
  return (cells, at) => {
    const row = Object.create(null);
    for (let i = 0; i < names.length; i++) row[names[i]] = cells[at + i];
    return row;
  };
}

/**
 * A function that makes a row of the cells from `at` on. The literal is an ordinary one whose prototype is taken away
 * afterwards: rows keep one hidden class so, while `{ __proto__: null }` makes each a dictionary of its own.
 */
function makeFactory(names) {
  // A computed key defines an own property also for the name "__proto__".
  const source = names.map((name, i) => `[${JSON.stringify(name)}]: cells[at + ${i}]`).join(', ');
  let factory = factories.get(source);
  if (factory) return factory;
  try {
    factory = new Function('bare', 'cells', 'at', `return bare({ ${source} }, null);`).bind(
      null,
      Object.setPrototypeOf
    );
  } catch {
    factory = assignRow(names);
  }
  if (factories.size >= MAX_FACTORIES) factories.clear();
  factories.set(source, factory);
  return factory;
}

const sliceRow = (cells, at) => cells.slice(at, at + cells[0]);

/** Makes rows of one statement's cells. */
class RowBuilder {
  #factory = null;

  #factoryFor(cells, arrays) {
    if (cells[2] !== null) this.#factory = makeFactory(cells[2]);
    return arrays ? sliceRow : this.#factory;
  }

  /** The first row in `cells`. */
  one(cells, arrays) {
    return this.#factoryFor(cells, arrays)(cells, HEADER);
  }

  /** Every row in `cells`. */
  all(cells, arrays) {
    const factory = this.#factoryFor(cells, arrays);
    const width = cells[0];
    const rows = [];
    if (width === 0) return rows;
    for (let at = HEADER; at < cells.length; at += width) rows.push(factory(cells, at));
    return rows;
  }
}

/** Whether further rows follow those in `cells`. */
const hasMore = (cells) => cells[1];

module.exports = { RowBuilder, hasMore };
