import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import { LOGIN_ERRORS, LoginFormError } from './login-errors.js';
import { readLoginForm } from './login-form.js';

const URLENCODED = 'application/x-www-form-urlencoded';

function read(body: unknown, type: string | undefined = URLENCODED, query: unknown = {}): unknown {
  try {
    return readLoginForm({ body, query, headers: { 'content-type': type } });
  } catch (error) {
    return (error as LoginFormError).faults.map(({ loc, type: kind }) => `${loc.join('.')} ${kind}`);
  }
}

const NO_NAME = 'body.username value_error.missing';
const NO_PASSWORD = 'body.password value_error.missing';

describe('the form of a log-in', () => {
  it.each([
    [{ username: 'a', password: 'b' }, URLENCODED],
    [{ username: 'a', password: 'b', grant_type: 'password' }, `${URLENCODED}; charset=utf-8`],
    [{ username: ['x', 'a'], password: 'b' }, 'MULTIPART/form-data; boundary=x'],
  ])('takes %j as %s', (body, type) => {
    expect(read(body, type)).toEqual({ username: 'a', password: 'b', cookieSeconds: null });
  });

  it.each([
    [{}, [NO_NAME, NO_PASSWORD]],
    [undefined, [NO_NAME, NO_PASSWORD]],
    [null, [NO_NAME, NO_PASSWORD]],
    [{ username: 'a' }, [NO_PASSWORD]],
    [{ username: '', password: 'b' }, [NO_NAME]],
    [{ username: {}, password: [] }, [NO_NAME, NO_PASSWORD]],
  ])('names what is missing of %j', (body, faults) => {
    expect(read(body)).toEqual(faults);
  });

  it('is not JSON', () => {
    expect(read({ username: 'a', password: 'b' }, 'application/json')).toEqual([NO_NAME, NO_PASSWORD]);
  });

  it.each([
    ['60', 60],
    [['1', '60'], 60],
    ['-1', -1],
  ])('takes exp=%j', (exp, cookieSeconds) => {
    expect(read({ username: 'a', password: 'b' }, URLENCODED, { exp })).toMatchObject({ cookieSeconds });
  });

  it.each(['', 'x', '1.5', '1e400', ' '])('refuses exp=%j', (exp) => {
    expect(read({ username: 'a', password: 'b' }, URLENCODED, { exp })).toEqual(['query.exp type_error.integer']);
  });
});

describe('the errors of a log-in', () => {
  it.each(['/token', '/token/', '/ptg/token'])('are told at %s', (path) => {
    expect(LOGIN_ERRORS.owns(path)).toBe(true);
  });

  it.each(['/tokens', '/v1/tokens/current', '/token/x', '/data/token'])('are not told at %s', (path) => {
    expect(LOGIN_ERRORS.owns(path)).toBe(false);
  });

  it.each([
    [new SluiceError('UNAUTHENTICATED', 'Incorrect username or password'), 401, 'Incorrect username or password'],
    [new SluiceError('METHOD_NOT_ALLOWED', '…'), 405, 'Method Not Allowed'],
    [new SluiceError('MESSAGE_TOO_LARGE', 'too large'), 413, 'too large'],
  ])('have the shape of the dialect: %s', (error, status, detail) => {
    expect(LOGIN_ERRORS.reply(error, { method: 'POST', path: '/token' })).toMatchObject({ status, body: { detail } });
  });

  it('ask for a bearer, and say when to try again', () => {
    const request = { method: 'POST', path: '/token' };
    expect(LOGIN_ERRORS.reply(new SluiceError('UNAUTHENTICATED', 'x'), request)?.headers).toMatchObject({
      'www-authenticate': 'Bearer',
    });
    const limited = new SluiceError('RATE_LIMITED', 'x', { details: { retryAfterSeconds: 7 } });
    expect(LOGIN_ERRORS.reply(limited, request)).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
  });

  it('say of a body that cannot be read that both fields are missing', () => {
    const reply = LOGIN_ERRORS.reply(new SluiceError('INVALID_PARAMETER', 'Body is not valid JSON'), {
      method: 'POST',
      path: '/token',
    });
    expect(reply).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'username'] }, { loc: ['body', 'password'] }] },
    });
  });
});
