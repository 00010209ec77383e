import { expect, it } from '@jest/globals';
import { parseAddress } from './address.js';

it.each([
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000', 'ws://127.0.0.1:8000/v1/socket'],
  ['ws://127.0.0.1:8000/', 'http://127.0.0.1:8000', 'ws://127.0.0.1:8000/v1/socket'],
  ['https://x.org', 'https://x.org', 'wss://x.org/v1/socket'],
  ['wss://x.org/sluice/?q#h', 'https://x.org/sluice', 'wss://x.org/sluice/v1/socket'],
  ['http://[::1]:8000', 'http://[::1]:8000', 'ws://[::1]:8000/v1/socket'],
])('%s is reached at %s and %s', (url, httpBase, socketUrl) => {
  expect(parseAddress(url)).toEqual({ httpBase, socketUrl });
});

it.each(['', 'localhost:8000', '127.0.0.1', 'file:///x', 'http://'])('%j is no address', (url) => {
  expect(() => parseAddress(url)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETER' }));
});
