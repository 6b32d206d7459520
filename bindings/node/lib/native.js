// SPDX-License-Identifier: Apache-2.0
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const SqliteError = require('./sqlite-error');

const root = path.join(__dirname, '..');

/** The name of a directory below prebuilds/. */
const platform = `${process.platform}-${process.arch}`;
exports.platform = platform;

/** Where an addon may be: compiled here, or carried by the package. */
function candidates() {
  return [path.join(root, 'build', 'heliosdb.node'), path.join(root, 'prebuilds', platform, 'heliosdb.node')];
}

/**
 * Loads one addon file.
 *
 * Node exports the symbols of its own OpenSSL, and some builds of it those of their own SQLite. libpq and libheliosdb
 * must not be bound to these, but to the libraries they were linked with: that is what RTLD_DEEPBIND does.
 */
function loadFile(given) {
  const file = fs.realpathSync(given);
  if (!loaded.has(file)) {
    const addon = { exports: {} };
    const { RTLD_LAZY, RTLD_DEEPBIND = 0 } = os.constants.dlopen;
    process.dlopen(addon, file, RTLD_LAZY | RTLD_DEEPBIND);
    loaded.set(file, initialize(addon.exports));
  }
  return loaded.get(file);
}

const loaded = new Map(); // each process.dlopen() of a file would make a further copy of the addon's state

function initialize(addon) {
  if (!addon.isInitialized) {
    addon.setErrorClass(SqliteError);
    addon.isInitialized = true;
  }
  return addon;
}

function loadDefault() {
  const failures = [];
  for (const file of candidates()) {
    if (!fs.existsSync(file)) continue;
    try {
      return loadFile(file);
    } catch (error) {
      failures.push(`${file}: ${error.message}`);
    }
  }
  const found = failures.length ? failures.join('\n') : `none for ${platform} is in ${root}`;
  throw new Error(
    `heliosdb-sqlite has no compiled part that loads here:\n${found}\n` +
      'It can be compiled with libheliosdb, a C compiler and Node headers installed: npm rebuild heliosdb-sqlite'
  );
}

let addon;

/**
 * The compiled part, loaded when first needed.
 *
 * @param {string|object|null} [binding] path of another addon file, or its exports (option `nativeBinding`)
 * @returns {object} its exports
 * @throws {Error} if there is none for this platform, or it does not load
 */
exports.load = function load(binding) {
  if (typeof binding === 'string') return loadFile(path.resolve(binding).replace(/(\.node)?$/, '.node'));
  if (binding) return initialize(binding);
  if (!addon) addon = loadDefault();
  return addon;
};
