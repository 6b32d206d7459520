// SPDX-License-Identifier: Apache-2.0
'use strict';
const fs = require('fs');
const path = require('path');
const handle = require('./handle');

const PAGES = 100; // of one step, unless `progress` says otherwise
const MAX_PAGES = 0x7fffffff;
const SETTINGS = ['timeout', '0', 'open', 'rwc'];

const exists = (file) =>
  fs.promises.access(file).then(
    () => true,
    () => false
  );

/** How many pages the next step copies. */
function nextPages(progress, handler, pages) {
  const wanted = handler ? handler(progress) : undefined;
  if (wanted === undefined) return pages;
  if (typeof wanted !== 'number' || Number.isNaN(wanted))
    throw new TypeError('Expected progress callback to return a number or undefined');
  return Math.max(0, Math.min(MAX_PAGES, Math.round(wanted)));
}

const turn = () => new Promise(setImmediate);

async function copyAll(copy, handler) {
  let pages = 0; // the first step only counts
  for (let next = PAGES; ; pages = next) {
    const [totalPages, remainingPages] = copy.step(pages);
    const progress = { totalPages, remainingPages };
    if (!remainingPages) return progress;
    next = nextPages(progress, handler, next);
    await turn();
  }
}

function readOptions(filename, options) {
  if (typeof filename !== 'string') throw new TypeError('Expected first argument to be a string');
  if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
  const target = filename.trim();
  const attached = 'attached' in options ? options.attached : 'main';
  const handler = 'progress' in options ? options.progress : null;
  if (!target) throw new TypeError('Backup filename cannot be an empty string');
  if (target === ':memory:') throw new TypeError('Invalid backup filename ":memory:"');
  if (typeof attached !== 'string') throw new TypeError('Expected the "attached" option to be a string');
  if (!attached) throw new TypeError('The "attached" option cannot be an empty string');
  if (handler != null && typeof handler !== 'function')
    throw new TypeError('Expected the "progress" option to be a function');
  return { target, attached, handler };
}

/**
 * Copies the database to a file, some pages at a time, while it is in use. The file is a plain SQLite database; one that
 * has an engine beside it gets the rows there too.
 *
 * @param {string} filename what is made, or overwritten
 * @param {object} [options]
 * @param {string} [options.attached='main'] the database to copy
 * @param {Function} [options.progress] called between two steps with `{ totalPages, remainingPages }`; a number it gives
 *   is how many pages the next steps copy (100)
 * @returns {Promise<{totalPages: number, remainingPages: number}>}
 * @throws {TypeError} (the promise is rejected) for arguments of the wrong type, if the directory does not exist, and if the
 *   database is closed meanwhile
 * @throws {SqliteError} (the promise is rejected) if a database can't be written there
 * @example
 * await db.backup(`backup-${Date.now()}.db`);
 */
module.exports = async function backup(filename, options) {
  const { target, attached, handler } = readOptions(filename, options ?? {});
  if (!(await exists(path.dirname(target))))
    throw new TypeError('Cannot save backup because the directory does not exist');
  const isNew = !(await exists(target));
  const mode = fs.existsSync(`${target}-heliosdb`) ? 'embedded' : 'plain';
  const copy = this[handle].startCopy(target, [...SETTINGS, 'mode', mode], attached);
  let isDone = false;
  try {
    await turn();
    const progress = await copyAll(copy, handler);
    isDone = true;
    return progress;
  } finally {
    copy.end();
    if (!isDone && isNew) await fs.promises.rm(target, { force: true });
  }
};
