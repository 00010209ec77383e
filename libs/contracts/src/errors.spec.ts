import { describe, expect, it } from '@jest/globals';
import { errorBody, parseErrorBody } from './error-body.js';
import { ERRORS, SluiceError, isErrorCode, type ErrorCode } from './errors.js';

const codes = Object.keys(ERRORS) as ErrorCode[];

describe('the error table', () => {
  it.each(codes)('%s has an HTTP error status, a close code a server may send, and a meaning', (code) => {
    const { status, closeCode, meaning } = ERRORS[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect([1001, 1003, 1007, 1008, 1009, 1011, 1013, 4401, 4403]).toContain(closeCode);
    expect(meaning.length).toBeGreaterThan(10);
  });

  it('calls retryable only what cannot store anything twice', () => {
    const retryable = codes.filter((code) => ERRORS[code].retryable);
    expect(retryable.sort()).toEqual([
      'DISK_FULL',
      'LOG_FULL',
      'LOG_UNAVAILABLE',
      'OVERLOADED',
      'RATE_LIMITED',
      'SERVICE_UNAVAILABLE',
      'SHUTTING_DOWN',
    ]);
  });
});

describe('error bodies', () => {
  it('come back from JSON as the same error', () => {
    const error = new SluiceError('LOG_FULL', 'Redis is full', {
      cause: new Error('secret'),
      details: { usedBytes: 1 },
    });
    const text = JSON.stringify(errorBody(error, 'req-1'));
    const parsed = parseErrorBody(JSON.parse(text));
    expect(parsed).toMatchObject({
      code: 'LOG_FULL',
      message: 'Redis is full',
      details: { usedBytes: 1 },
      status: 507,
    });
    expect(text).toContain('"requestId":"req-1"');
    expect(text).not.toContain('secret');
  });

  it.each([
    null,
    'x',
    {},
    { error: 'text' },
    { error: { code: 'toString', message: 'x' } },
    { error: { code: 'INTERNAL' } },
  ])('are not seen in %j', (body) => {
    expect(parseErrorBody(body)).toBeNull();
  });

  it('know their codes only', () => {
    expect(isErrorCode('INTERNAL')).toBe(true);
    expect(isErrorCode('constructor')).toBe(false);
  });
});
