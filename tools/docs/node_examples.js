#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
'use strict';
// Runs the examples of docs/node-examples.md, each in a process of its own and an empty directory.
//
// Usage: node_examples.js [--write] [TITLE...]
//
// Fails if an example prints something else than the page shows; --write has the page show what is printed.
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const root = path.resolve(__dirname, '../..');
const page = path.join(root, 'docs', 'node-examples.md');
const EXAMPLE = /^### (.+)\n\n((?:(?!```|#).*\n)+)^```js\n([^]*?)^```\n\n^```text\n([^]*?)^```$/gm;
const MILLISECONDS = 60000;

/** The examples of the page: { title, source, output, start } with the place of the output in the text. */
function read() {
  const text = fs.readFileSync(page, 'utf8');
  return [...text.matchAll(EXAMPLE)].map((match) => {
    const [whole, title, , source, output] = match;
    return { title, source, output, start: match.index + whole.length - output.length - '```'.length };
  });
}

/** What an example prints. The package is found as an installed one is. */
function run(source, packagePath = path.join(root, 'bindings', 'node')) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hdb-example-'));
  try {
    fs.mkdirSync(path.join(directory, 'node_modules'));
    fs.symlinkSync(packagePath, path.join(directory, 'node_modules', 'heliosdb-sqlite'));
    fs.writeFileSync(path.join(directory, 'example.js'), source);
    const { status, stdout, stderr, error } = spawnSync(process.execPath, ['example.js'], {
      cwd: directory,
      encoding: 'utf8',
      timeout: MILLISECONDS,
      env: { ...process.env, HELIOSDB_LINGER: '0', HELIOSDB_NOTICES: 'off', NO_COLOR: '1' },
    });
    if (error) throw error;
    return status === 0 ? stdout : `${stdout}${stderr}`;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function write(printed) {
  let text = fs.readFileSync(page, 'utf8');
  for (const { start, output, now } of [...printed].reverse())
    text = text.slice(0, start) + now + text.slice(start + output.length);
  fs.writeFileSync(page, text);
}

function main(words) {
  const titles = words.filter((word) => !word.startsWith('--'));
  const printed = read()
    .filter(({ title }) => titles.length === 0 || titles.includes(title))
    .map((example) => ({ ...example, now: run(example.source) }));
  const changed = printed.filter(({ now, output }) => now !== output);
  if (words.includes('--write')) write(printed);
  for (const { title, output, now } of changed) console.log(`== ${title}\n-- the page:\n${output}-- printed:\n${now}`);
  console.log(`${printed.length} examples, ${changed.length} print something else than the page showed`);
  return changed.length && !words.includes('--write') ? 1 : 0;
}

module.exports = { read, run };
if (require.main === module) process.exitCode = main(process.argv.slice(2));
