import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSources } from './sources.mjs';

const complaints = (path, text = 'export const value = 1;\n') => checkSources([{ path, text }]);

test('a file of 400 lines passes, one more is too long', () => {
  assert.deepEqual(complaints('libs/wire/src/long.ts', 'x\n'.repeat(400)), []);
  assert.match(complaints('libs/wire/src/long.ts', 'x\n'.repeat(401))[0], /401 lines, at most 400\. A longer file/);
});

test('names are kebab-case and say what the thing is', () => {
  assert.deepEqual(complaints('apps/x/src/streams.controller.spec.ts'), []);
  assert.deepEqual(complaints('apps/x/src/database.ts'), []);
  assert.match(complaints('apps/x/src/pushHeader.ts')[0], /not kebab-case/);
  assert.match(complaints('apps/x/src/common/thing.ts')[0], /a vague name/);
  assert.match(complaints('apps/x/src/stream-utils.ts')[0], /a vague name/);
});

test('everything at once is not exported', () => {
  assert.match(complaints('libs/x/src/index.ts', "\nexport * from './a.js';\n")[0], /line 2: export \* from/);
});
