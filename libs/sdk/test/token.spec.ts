import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Sluice as PlatformSluice, SluiceError, type TokenSource } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { waitFor } from '@sluice/testing';
import { MemorySluice } from './memory-sluice.js';

let server: MemorySluice;
const clients: PlatformSluice[] = [];

beforeEach(async () => {
  server = await new MemorySluice().start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.stop();
});

function connect(token: TokenSource, Kind: typeof PlatformSluice = Sluice): PlatformSluice {
  const client = new Kind({ url: server.url, token, backoff: { firstDelayMs: 5, maxDelayMs: 20 } });
  clients.push(client);
  return client;
}

describe.each([
  ['over ws', Sluice],
  ["over the platform's WebSocket", PlatformSluice],
])('a function that gives tokens, %s', (_how, Kind) => {
  it('is asked for each connection, and again when the token ended under an open one', async () => {
    let count = 0;
    const client = connect(() => Promise.resolve(`token-${++count}`), Kind);
    await client.push('a', 'x');
    server.closeAll(4401, 'UNAUTHENTICATED: the token has expired');
    await waitFor(() => server.tokens.length === 2);
    await client.push('a', 'y');
    expect(server.tokens.map((token) => token?.replace('Bearer ', ''))).toEqual(['token-1', 'token-2']);
    expect(server.texts('default:a')).toEqual(['x', 'y']);
  });

  it('that gives none connects without', async () => {
    await connect(() => undefined, Kind).push('a', 'x');
    expect(server.tokens).toEqual([undefined]);
  });
});

describe('a function that gives tokens', () => {
  it('is asked for each request', async () => {
    const seen: (string | undefined)[] = [];
    server.onRequest = (request, response) => {
      seen.push(request.headers.authorization);
      response.setHeader('content-type', 'application/json').end('{}');
    };
    let count = 0;
    const client = connect(() => `token-${++count}`);
    await client.streams.info('a');
    await client.streams.info('a');
    expect(seen).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it('that fails for now is asked again, and its refusal is final', async () => {
    let count = 0;
    const client = connect(() => {
      if (++count === 1) throw new Error('the vault is away');
      if (count === 2) return 'token';
      throw new SluiceError('UNAUTHENTICATED', 'signed out');
    });
    await expect(client.connect()).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'no token can be had: the vault is away',
    });
    await client.push('a', 'x');
    server.cut();
    await waitFor(() => count === 3);
    await expect(client.push('a', 'y')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: 'signed out' });
  });

  it('is not connected with after the client was closed', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const client = connect(() => promise);
    const pushed = client.push('a', 'x');
    client.destroy();
    resolve('late');
    await expect(pushed).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(server.connectionCount).toBe(0);
  });
});

it('a token given as it stands and closed with 4401 is final', async () => {
  const client = connect('old');
  await client.push('a', 'x');
  server.closeAll(4401, 'UNAUTHENTICATED: the token has expired');
  await waitFor(async () => {
    const error: unknown = await client.push('a', 'y').then(
      () => null,
      (reason: unknown) => reason,
    );
    return error instanceof SluiceError && error.code === 'UNAUTHENTICATED';
  });
  expect(server.tokens).toHaveLength(1);
});
