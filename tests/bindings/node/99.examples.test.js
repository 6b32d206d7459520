// SPDX-License-Identifier: Apache-2.0
'use strict';
// docs/node-examples.md: each example prints what the page shows.
const assert = require('assert');
const { test } = require('node:test');
const path = require('path');
const { packagePath, root } = require('./support');

const { read, run } = require(path.join(root, 'tools', 'docs', 'node_examples'));
const examples = read();

test('there are some of each surface, with names of their own', () => {
  assert.strictEqual(new Set(examples.map(({ title }) => title)).size, examples.length);
  for (const surface of ['heliosdb-sqlite', 'heliosdb-sqlite/node', 'heliosdb-sqlite/promises'])
    assert.ok(examples.filter(({ source }) => source.includes(`require('${surface}')`)).length >= 5, surface);
});

for (const { title, source, output } of examples)
  test(title, () => assert.strictEqual(run(source, packagePath), output));
