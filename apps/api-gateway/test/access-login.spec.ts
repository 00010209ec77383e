import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { AccessSystem } from './support/access.js';

const DAYS_30 = 30 * 24 * 3600;
const BAD_LOGIN = { detail: 'Incorrect username or password' };

let open: AccessSystem;

beforeAll(async () => {
  open = await AccessSystem.start('open');
});
afterAll(() => open.stop());

type Json = Record<string, unknown>;

function claimsOf(token: string, part = 1): Json {
  return JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()) as Json;
}

function multipart(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}, path = '/token') =>
  open.fetch(path, { method: 'POST', body, headers });

describe('a log-in', () => {
  it.each([
    ['urlencoded', (fields: Record<string, string>) => new URLSearchParams(fields)],
    ['multipart', multipart],
  ])('takes a form, %s, on each of its paths', async (_kind, form) => {
    const fields = { username: 'test', password: 'test' };
    for (const url of [
      `${open.url}/token`,
      `${open.url}/token/`,
      `${open.url}/ptg/token`,
      `${open.gateway.ptgUrl}/token`,
    ]) {
      const response = await fetch(url, { method: 'POST', body: form(fields) });
      expect([url, response.status]).toEqual([url, 200]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toEqual({ access_token: expect.any(String), token_type: 'bearer' });
    }
  });

  it('takes the multipart form of Unity, with parts that have types of their own', async () => {
    const boundary = '3qHZ0aT7c9kV';
    const part = (name: string): string =>
      `\r\n--${boundary}\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-disposition: form-data; name="${name}"\r\n\r\nunity`;
    const body = `${part('username')}${part('password')}\r\n--${boundary}--\r\n`;
    const response = await post(body, { 'content-type': `multipart/form-data; boundary="${boundary}"` });
    expect([response.status, await response.json()]).toMatchObject([200, { token_type: 'bearer' }]);
  });

  it('gives a token for 30 days, and a cookie with it for a minute less', async () => {
    const response = await open.logIn('test', 'test');
    const { access_token: token } = (await response.json()) as { access_token: string };
    expect(response.headers.get('set-cookie')).toBe(
      `authorization="Bearer ${token}"; HttpOnly; Max-Age=2591940; Path=/; SameSite=lax`,
    );
    expect(claimsOf(token, 0)).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.any(String) });
    const { sub, exp, iat, jti } = claimsOf(token);
    expect([sub, Number(exp) - Number(iat), typeof jti]).toEqual(['test', DAYS_30, 'string']);
    expect(Math.abs(Number(iat) * 1000 - Date.now())).toBeLessThan(60_000);
  });

  it('shortens the cookie by the query exp, and not the token', async () => {
    const body = new URLSearchParams({ username: 'test', password: 'test' });
    const response = await post(body, {}, '/token?exp=60');
    expect(response.headers.get('set-cookie')).toContain('; Max-Age=60;');
    const { access_token: token } = (await response.json()) as { access_token: string };
    expect(Number(claimsOf(token)['exp']) - Number(claimsOf(token)['iat'])).toBe(DAYS_30);
  });

  it('with a wrong password is 401 and says how to sign in, whether or not there is such a user', async () => {
    const known = await open.addUser(uniqueName('user'), []);
    for (const name of [known.name, uniqueName('nobody')]) {
      const response = await open.logIn(name, 'wrong');
      expect([response.status, response.headers.get('www-authenticate'), await response.json()]).toEqual([
        401,
        'Bearer',
        BAD_LOGIN,
      ]);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
  });

  it('is 422 in the shape of the dialect without fields, with JSON, and with what is no form', async () => {
    const missing = (name: string): Json => ({
      loc: ['body', name],
      msg: 'field required',
      type: 'value_error.missing',
    });
    const [noName, noPassword] = [missing('username'), missing('password')];
    const both = JSON.stringify({ username: 'a', password: 'a' });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const cases: [string, Record<string, string>, Json[]][] = [
      ['username=a', form, [noPassword]],
      ['password=a', form, [noName]],
      ['username=&password=a', form, [noName]],
      ['', form, [noName, noPassword]],
      [both, { 'content-type': 'application/json' }, [noName, noPassword]],
      ['{', { 'content-type': 'application/json' }, [noName, noPassword]],
      [both, { 'content-type': 'text/plain' }, [noName, noPassword]],
      ['junk', { 'content-type': 'multipart/form-data; boundary=x' }, [noName, noPassword]],
      ['junk', { 'content-type': 'multipart/form-data' }, [noName, noPassword]],
    ];
    for (const [body, headers, detail] of cases) {
      const response = await post(body, headers);
      expect([body, response.status, await response.json()]).toEqual([body, 422, { detail }]);
    }
    const badExp = await post(new URLSearchParams({ username: 'a', password: 'a' }), {}, '/token?exp=soon');
    expect([badExp.status, await badExp.json()]).toMatchObject([422, { detail: [{ loc: ['query', 'exp'] }] }]);
  });

  it('is 405 by another method', async () => {
    const response = await open.fetch('/token');
    expect([response.status, await response.json()]).toEqual([405, { detail: 'Method Not Allowed' }]);
  });

  it.each([
    ['urlencoded', (filler: string) => new URLSearchParams({ username: 'a', password: 'a', filler })],
    ['multipart', (filler: string) => multipart({ username: 'a', password: 'a', filler })],
  ])('takes 15 KiB, %s, and not 17', async (_kind, form) => {
    expect((await post(form('x'.repeat(15 * 1024)))).status).toBe(200);
    expect((await post(form('x'.repeat(17 * 1024)))).status).toBe(413);
  });
});

describe('failed log-ins', () => {
  it('are limited per user and address: the tenth is told the truth, the eleventh to wait, also with the right password', async () => {
    const user = await open.addUser(uniqueName('user'), []);
    for (let n = 0; n < 10; n++) expect((await open.logIn(user.name, 'wrong')).status).toBe(401);
    for (const password of ['wrong', user.password]) {
      const response = await open.logIn(user.name, password);
      const { detail } = (await response.json()) as { detail: string };
      expect([response.status, detail]).toEqual([429, expect.stringContaining('at most 10 a minute')]);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await open.logIn(`${user.name}2`, 'wrong')).status).toBe(401);
  });

  it('at the same time do not pass the limit', async () => {
    const { name } = await open.addUser(uniqueName('user'), []);
    const answers = await Promise.all(Array.from({ length: 25 }, () => open.logIn(name, 'wrong')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(15);
  });

  it('do not count what succeeds', async () => {
    const user = await open.addUser(uniqueName('user'), []);
    for (let n = 0; n < 12; n++) expect((await open.logIn(user.name, user.password)).status).toBe(200);
  });

  it('are found in the audit trail, without the password', async () => {
    const name = uniqueName('user');
    await open.logIn(name, 'a wrong password');
    const trail = JSON.stringify(await (await open.fetch('/v1/audit', { as: open.admin.token })).json());
    expect(trail).toContain(`"event":"login-refused","subject":"${name}"`);
    expect(trail).not.toContain('a wrong password');
  });
});
