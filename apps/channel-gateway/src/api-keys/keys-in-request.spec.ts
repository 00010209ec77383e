import { describe, expect, it } from '@jest/globals';
import { keysIn } from './keys-in-request.js';

const request = (
  url: string,
  headers: Record<string, string> = {},
): { url: string; headers: Record<string, string> } => ({
  url,
  headers,
});
const texts = (...given: Parameters<typeof keysIn>): string[] => keysIn(...given).map(({ text }) => text);

describe('the keys of a request', () => {
  it('are those of its query, its header and its cookie, in this order', () => {
    const full = request('/x?a=1&key=q%20q', { key: 'h', cookie: 'other=1; key=c%2Bc; key="quoted"' });
    expect(texts(full, 'key')).toEqual(['q q', 'h', 'c+c', 'quoted']);
  });

  it('are none where names differ or nothing is behind them', () => {
    expect(
      texts(request('/x?keys=1&key=', { cookie: 'monkey=2', 'x-key': '3', authorization: 'Bearer 4' }), 'key'),
    ).toEqual([]);
    expect(texts({ headers: {} }, 'key')).toEqual([]);
  });

  it('are few, however many a request has, and broken encodings stand for themselves', () => {
    expect(texts(request(`/x?${'key=1&'.repeat(10_000)}`), 'key')).toHaveLength(8);
    expect(texts(request('/', { cookie: 'key=%zz' }), 'key')).toEqual(['%zz']);
  });
});
