import { chmodSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@sluice/testing';
import { Credentials } from './credentials.js';

const URL_A = 'http://127.0.0.1:8000';
let credentials: Credentials;

beforeEach(() => {
  credentials = new Credentials(temporaryDirectory('credentials'));
});

describe('what a log-in leaves', () => {
  it('is found again for the same server, however its address is written, and for no other', () => {
    credentials.write(URL_A, { user: 'alice', token: 'secret' });
    for (const same of [URL_A, `${URL_A}/`, 'ws://127.0.0.1:8000']) {
      expect(credentials.read(same)).toEqual({ user: 'alice', token: 'secret' });
    }
    const others = ['https://127.0.0.1:8000', 'http://127.0.0.1:8001', 'http://localhost:8000', `${URL_A}/lab`];
    for (const other of others) expect(credentials.read(other)).toBeNull();
  });

  it('may be read by its owner alone', () => {
    credentials.write(URL_A, { user: 'alice', token: 'secret' });
    const file = credentials.fileOf(URL_A);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(file))).toHaveLength(1);
  });

  it('is not used when others may read it', () => {
    credentials.write(URL_A, { user: 'alice', token: 'secret' });
    chmodSync(credentials.fileOf(URL_A), 0o640);
    expect(() => credentials.read(URL_A)).toThrow('may be read by others');
    credentials.write(URL_A, { user: 'alice', token: 'newer' });
    expect(credentials.read(URL_A)?.token).toBe('newer');
  });

  it('is replaced by the next, and gone after it was removed', () => {
    credentials.write(URL_A, { user: 'alice', token: 'one' });
    credentials.write(URL_A, { user: 'bob', token: 'two' });
    expect(readFileSync(credentials.fileOf(URL_A), 'utf8')).not.toContain('one');
    credentials.remove(URL_A);
    credentials.remove(URL_A);
    expect(credentials.read(URL_A)).toBeNull();
  });

  it('holds no password of an address', () => {
    credentials.write('http://user:hidden@127.0.0.1:8000', { user: 'alice', token: 'x' });
    const file = credentials.fileOf(URL_A);
    expect(`${file}${readFileSync(file, 'utf8')}`).not.toContain('hidden');
  });
});
