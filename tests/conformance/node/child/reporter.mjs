// SPDX-License-Identifier: Apache-2.0
// Writes the outcome of each test of node:test as a line of JSON: its name with those of the suites around it.

export default async function* outcomes(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') continue;
    const test = [...names.slice(0, data.nesting), data.name].join(' > ');
    const error = data.details.error?.cause ?? data.details.error;
    const outcome = data.skip || data.todo ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const detail = outcome === 'failed' ? String(error?.stack ?? error) : '';
    yield `${JSON.stringify({ test, outcome, detail })}\n`;
  }
}
