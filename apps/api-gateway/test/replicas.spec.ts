import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { StandIn } from './support/upstream.js';

let replicas: StandIn[];
let gateway: TestGateway;

beforeEach(async () => {
  replicas = await Promise.all([1, 2, 3].map(() => StandIn.start()));
  for (const [at, replica] of replicas.entries()) {
    replica.answers.set('/data/who', (request, response) => {
      request.resume();
      response.end(String(at));
    });
  }
  gateway = await startGateway(replicas.map(({ port }) => `http://127.0.0.1:${port}`).join(', '));
});

afterEach(async () => {
  await gateway.close();
  await Promise.all(replicas.map((replica) => replica.kill().catch(() => undefined)));
});

async function ask(count: number, init: RequestInit = {}): Promise<string[]> {
  const answers: string[] = [];
  for (let n = 0; n < count; n++) {
    const response = await fetch(`${gateway.url}/data/who`, init);
    answers.push(response.status === 200 ? await response.text() : `${response.status}`);
  }
  return answers;
}

const at = (index: number): StandIn => replicas[index] as StandIn;

describe('a service of three replicas', () => {
  it('answers requests, and takes sockets, in turn', async () => {
    const answers = await ask(9);
    for (const one of ['0', '1', '2']) expect(answers.filter((answer) => answer === one)).toHaveLength(3);
    const sockets = Array.from({ length: 6 }, () => new WebSocket(`${gateway.ws}/data/a/push`));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    expect(replicas.map(({ webSockets }) => webSockets.length)).toEqual([2, 2, 2]);
    for (const socket of sockets) socket.terminate();
  });

  it.each<[string, RequestInit]>([
    ['a read', {}],
    ['a write', { method: 'POST', body: 'x' }],
  ])('loses no request when one is gone: %s goes to another', async (_what, init) => {
    await at(1).kill();
    expect(new Set(await ask(12, init))).toEqual(new Set(['0', '2']));
    const socket = new WebSocket(`${gateway.ws}/data/a/push`);
    await once(socket, 'open');
    socket.terminate();
  });

  it('takes one back that is ready again, and leaves one out that says it is not', async () => {
    let isReady = false;
    at(2).answers.set('/health/ready', (_request, response) => response.writeHead(isReady ? 200 : 503).end());
    await waitFor(async () => !(await ask(6)).includes('2'));
    isReady = true;
    await waitFor(async () => (await ask(6)).includes('2'));
  });

  it('is healthy as long as one is, and says how many are', async () => {
    await Promise.all([at(0).kill(), at(1).kill()]);
    const health = async (): Promise<unknown> => {
      const body = (await (await fetch(`${gateway.url}/health`)).json()) as { checks: Record<string, unknown> };
      return body.checks['stream-store'];
    };
    expect(await health()).toMatchObject({ ready: true, detail: '1 of 3 replicas are ready' });
    await at(2).kill();
    expect(await health()).toMatchObject({ ready: false, detail: '0 of 3 replicas are ready' });
    expect(new Set(await ask(3))).toEqual(new Set(['503']));
  });
});
