// SPDX-License-Identifier: Apache-2.0
'use strict';
// The declarations of types, as the TypeScript compiler sees them.
const assert = require('assert');
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { test } = require('node:test');
const { packagePath, root, temporaryDirectory } = require('./support');

const modules = path.join(root, 'build', 'typescript', 'node_modules');
const skip = fs.existsSync(path.join(modules, '@types', 'node')) ? false : 'typescript is not installed';
const directory = temporaryDirectory();

/** Compiles one of the programs in typed/ beside an installed package; gives the compiler's complaints. */
function complaints(program) {
  const found = path.join(directory, 'node_modules');
  fs.mkdirSync(found, { recursive: true });
  for (const [name, target] of [['heliosdb-sqlite', packagePath], ['@types', path.join(modules, '@types')]])
    if (!fs.existsSync(path.join(found, name))) fs.symlinkSync(target, path.join(found, name));
  fs.copyFileSync(path.join(__dirname, 'typed', program), path.join(directory, program));
  const words = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'esnext', '--module', 'node16', program];
  const tsc = path.join(modules, 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, ...words], { cwd: directory, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes('error TS'));
}

for (const program of ['better-sqlite3.ts', 'node.ts', 'promises.ts'])
  test(`${program} compiles`, { skip }, () => assert.deepStrictEqual(complaints(program), []));

test('what is wrong does not compile', { skip }, () => {
  const source = fs.readFileSync(path.join(__dirname, 'typed', 'wrong.ts'), 'utf8').split('\n');
  const wrong = source.flatMap((line, i) => (line && !/^(\/\/|import)/.test(line) ? [i + 1] : []));
  const lines = complaints('wrong.ts').map((complaint) => Number(/\((\d+),/.exec(complaint)[1]));
  assert.deepStrictEqual([...new Set(lines)], wrong);
});
