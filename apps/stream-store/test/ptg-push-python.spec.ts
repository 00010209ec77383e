import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { startStore, type Store } from './support/store.js';

const PROGRAMS = fileURLToPath(new URL('support/python', import.meta.url));
const python = process.env['SLUICE_PYTHON'] ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '');
const missing =
  process.env['SLUICE_PYTHON_MISSING'] ?? (python === '' ? 'no python3 with websockets and requests' : '');

if (missing !== '') {
  // eslint-disable-next-line jest/expect-expect
  test.skip(`Python clients of the ptg dialect (skipped: ${missing})`, () => undefined);
} else {
  describe('Python clients of the ptg dialect', () => {
    let store: Store;

    beforeAll(async () => {
      store = await startStore();
    });

    afterAll(async () => {
      await store.close();
    });

    /** Runs a program to its end. */
    async function run(program: string): Promise<{ code: number | null; lines: string[] }> {
      const env = { ...process.env, PTG_URL: `${store.ws}/ptg`, PTG_TOKEN: 'any', PYTHONDONTWRITEBYTECODE: '1' };
      const child = spawn(python, [program, uniqueName('python')], { cwd: PROGRAMS, env });
      let output = '';
      for (const stdio of [child.stdout, child.stderr]) stdio.on('data', (chunk: Buffer) => (output += String(chunk)));
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      return { code, lines: output.split('\n').filter((line) => line !== '') };
    }

    it('push one by one and in batches of starts, and pull every entry (90)', async () => {
      expect(await run('ptg_batches.py')).toEqual({
        code: 0,
        lines: ['one two three four five', 'one two three four five'],
      });
    });

    it('post, get and describe with the cookie alone (91, 93)', async () => {
      expect(await run('ptg_rest.py')).toEqual({
        code: 0,
        lines: [
          'newest: three',
          'newest two: two three',
          'after the first: two three',
          'stored: {"unit":"m"}',
          'known: 3 {"unit":"m"}',
          'listed: True',
          'deleted: 1 3 1',
        ],
      });
    });
  });
}
