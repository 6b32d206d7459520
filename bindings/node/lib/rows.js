// SPDX-License-Identifier: Apache-2.0
'use strict';
// Rows arrive from the addon as one flat array, [header, value, value, ...]; src/rows.c tells what the header holds.

const HEADER = 1;
const hasMore = (cells) => (cells[0] & 1) === 1;
const widthOf = (cells) => (cells[0] >>> 1) & 0x7fff;
const shapeOf = (cells) => cells[0] >>> 1;

// The numbers of enum row_mode in src/addon.h.
const OBJECT = 0;
const PLUCK = 1;
const EXPAND = 2;
const RAW = 3;

const factories = new Map();
const MAX_FACTORIES = 512;

// A computed key defines an own property also for the name "__proto__".
const property = (name, value) => `[${JSON.stringify(name)}]: ${value}`;

function sourceOfObject(columns) {
  return columns.map(({ name }, i) => property(name, `cells[at + ${i}]`)).join(', ');
}

function sourceOfExpanded(columns) {
  const tables = new Map();
  columns.forEach(({ name, table }, i) => {
    const key = table === null ? '$' : table;
    if (!tables.has(key)) tables.set(key, []);
    tables.get(key).push(property(name, `cells[at + ${i}]`));
  });
  return [...tables].map(([table, members]) => property(table, `{ ${members.join(', ')} }`)).join(', ');
}

/** Builds rows one property at a time: where `new Function` is forbidden (--disallow-code-generation-from-strings). */
function assignRow(columns, mode) {
  const define = (object, key, value) =>
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  return (cells, at) => {
    const row = {};
    columns.forEach(({ name, table }, i) => {
      const key = table === null ? '$' : table;
      const target = mode === EXPAND ? (Object.hasOwn(row, key) ? row[key] : define(row, key, {})[key]) : row;
      define(target, name, cells[at + i]);
    });
    return row;
  };
}

function makeFactory(columns, mode) {
  const source = mode === EXPAND ? sourceOfExpanded(columns) : sourceOfObject(columns);
  let factory = factories.get(source);
  if (factory) return factory;
  try {
    factory = new Function('cells', 'at', `return { ${source} };`);
  } catch {
    factory = assignRow(columns, mode);
  }
  if (factories.size >= MAX_FACTORIES) factories.clear();
  factories.set(source, factory);
  return factory;
}

const pluck = (cells, at) => cells[at];
const raw = (cells, at) => cells.slice(at, at + widthOf(cells));

/** Makes rows of a statement's cells. All rows with the same columns share one hidden class. */
class RowBuilder {
  /** @param {() => Array<{name: string, table: string|null}>} columns asked when the columns have changed */
  constructor(columns) {
    this.columns = columns;
    this.mode = OBJECT;
    this.shape = -1;
    this.factory = null;
  }

  setMode(mode, use) {
    this.mode = use ? mode : this.mode === mode ? OBJECT : this.mode;
    this.shape = -1;
  }

  factoryFor(cells) {
    if (this.mode === PLUCK) return pluck;
    if (this.mode === RAW) return raw;
    if (shapeOf(cells) !== this.shape) {
      this.factory = makeFactory(this.columns(), this.mode);
      this.shape = shapeOf(cells);
    }
    return this.factory;
  }

  /** The first row in `cells`. */
  one(cells) {
    return this.factoryFor(cells)(cells, HEADER);
  }

  /** Appends every row in `cells` to `rows`. */
  append(rows, cells) {
    const factory = this.factoryFor(cells);
    const width = widthOf(cells);
    for (let at = HEADER; at < cells.length; at += width) rows.push(factory(cells, at));
  }
}

module.exports = { RowBuilder, hasMore, OBJECT, PLUCK, EXPAND, RAW };
