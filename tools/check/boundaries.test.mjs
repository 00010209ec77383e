import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../setup/command.mjs';
import { root } from '../setup/paths.mjs';

/** Files that each break one rule, and the rule; the innocent ones break none. */
const seeded = [
  ['libs/wire/src/up.ts', "import '../../contracts/src/index.js';", 'wire-imports-only-itself'],
  ['libs/wire/src/node.ts', "import 'node:fs';", 'wire-has-no-dependency'],
  ['libs/contracts/src/up.ts', "import '../../stream-log/src/index.js';", 'contracts-imports-only-wire'],
  ['libs/contracts/src/nest.ts', "import 'class-validator';", 'contracts-without-nest'],
  ['libs/contracts/src/dto/nest.ts', "import 'class-validator';", null],
  ['libs/contracts/src/main.ts', "import './dto/index.js';", 'contracts-main-without-dto'],
  [
    'libs/stream-log/src/up.ts',
    "import '../../service-kit/src/index.js';",
    'stream-log-imports-only-wire-and-contracts',
  ],
  ['libs/stream-log/src/fine.ts', "import '../../wire/src/index.js'; import 'node:net'; import 'ioredis';", null],
  ['libs/sdk/src/up.ts', "import '../../stream-log/src/index.js';", 'sdk-imports-only-wire-and-contracts'],
  ['libs/sdk/src/files.ts', "import 'node:fs';", 'sdk-in-browsers'],
  ['libs/sdk/src/socket.ts', "import 'ws';", 'sdk-in-browsers'],
  ['libs/sdk/src/socket.node.ts', "import 'ws'; import 'node:fs';", null],
  ['libs/sdk/src/valid.ts', "import '../../contracts/src/dto/index.js';", 'sdk-without-dto'],
  ['libs/service-kit/src/fine.ts', "import '../../stream-log/src/index.js';", null],
  ['libs/service-kit/src/down.ts', "import '../../../apps/one/src/main.js';", 'libs-below-apps'],
  ['apps/one/src/across.ts', "import '../../two/src/main.js';", 'apps-apart'],
  ['apps/one/src/deep.ts', "import '../../../libs/wire/src/inner.js';", 'no-deep-import'],
  ['apps/one/src/lazy.ts', "import '../../../libs/testing/src/index.js';", 'testing-in-tests-only'],
  ['apps/one/src/lazy.spec.ts', "import '../../../libs/testing/src/index.js';", null],
  ['apps/one/test/flow.spec.ts', "import '../../../libs/testing/src/index.js';", null],
  ['apps/one/src/round.ts', "import './trip.js';", 'no-cycle'],
  ['apps/one/src/ghost.ts', "import './nowhere.js';", 'resolvable'],
  ['apps/one/src/dev.ts', "import 'prettier';", 'no-development-package'],
  ['apps/one/src/accident.ts', "import 'path-to-regexp';", 'declared-packages-only'],
];

const innocent = [
  ...['wire', 'contracts', 'stream-log', 'service-kit', 'testing', 'sdk'].map((lib) => `libs/${lib}/src/index.ts`),
  ...['libs/wire/src/inner.ts', 'libs/contracts/src/dto/index.ts', 'apps/one/src/main.ts', 'apps/two/src/main.ts'],
];

let folder;
let violations;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-boundaries-'));
  for (const path of innocent) write(path, 'export const value = 1;');
  write('apps/one/src/trip.ts', "import './round.js';");
  for (const [path, text] of seeded) write(path, text);
  write(
    'package.json',
    JSON.stringify({
      dependencies: { ws: '*', ioredis: '*', 'class-validator': '*' },
      devDependencies: { prettier: '*' },
    }),
  );
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const done = await run(process.execPath, [depcruise, 'apps', 'libs', '--config', config, '--output-type', 'json'], {
    cwd: folder,
  });
  violations = JSON.parse(done.output.slice(-2_000_000)).summary.violations;
});

after(() => rmSync(folder, { recursive: true, force: true }));

function write(path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${text}\n`);
}

const brokenBy = (path) =>
  violations.filter((violation) => violation.from === path).map((violation) => violation.rule.name);

for (const [path, text, rule] of seeded) {
  test(rule ? `${rule} refuses ${path}: ${text}` : `${path} may say: ${text}`, () => {
    if (rule) assert.ok(brokenBy(path).includes(rule), `broken rules: ${brokenBy(path).join(', ') || 'none'}`);
    else assert.deepEqual(brokenBy(path), []);
  });
}
