import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogFile, noteworthy } from './logs.mjs';

test('a log never takes more than twice its bound, and keeps the newest lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
  const log = new LogFile('app', { folder, maxBytes: 1000 });
  for (let line = 1; line <= 1000; line += 1) log.write(`line ${line}`);
  log.close();
  const files = readdirSync(folder).sort();
  assert.deepEqual(files, ['app.1.log', 'app.log']);
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
  assert.ok(text.length < 2100, `${text.length} bytes`);
  assert.match(text, /line 1000\n$/);
  rmSync(folder, { recursive: true });
});

test('warnings and errors reach the terminal, with their reason once', () => {
  const line = (entry) => JSON.stringify({ time: 1, ...entry });
  assert.deepEqual(noteworthy(line({ level: 'warn', msg: 'slow' }), false), { level: 'warning', text: 'slow' });
  assert.deepEqual(noteworthy(line({ level: 'error', msg: 'failed', err: { message: 'no room' } }), false), {
    level: 'error',
    text: 'failed: no room',
  });
  assert.deepEqual(noteworthy(line({ level: 'fatal', msg: 'no room', err: { message: 'no room' } }), false), {
    level: 'fatal',
    text: 'no room',
  });
});

test('other lines stay in the file, unless stderr has them', () => {
  assert.equal(noteworthy(JSON.stringify({ level: 'info', msg: 'listening' }), false), null);
  assert.equal(noteworthy('plain', false), null);
  assert.equal(noteworthy('{not json', false), null);
  assert.deepEqual(noteworthy('Error: boom', true), { level: 'stderr', text: 'Error: boom' });
});
