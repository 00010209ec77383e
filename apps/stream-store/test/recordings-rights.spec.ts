import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { waitFor } from '@sluice/testing';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordingStore, askRecordings, recordedEntries } from './support/recordings.js';
import { TestSocket } from './support/socket.js';

type Answer = { status: number; body: unknown };

let recordings: RecordingStore;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  recordings = await RecordingStore.start({ SLUICE_AUTH_MODE: 'strict' });
  const { store } = recordings;
  const [users, issuer] = [store.service.app.get(UserDirectory), store.service.app.get(Tokens)];
  await waitFor(async () => (await fetch(`${store.url}/health/ready`)).ok);
  const scopesOf = {
    ann: ['stream:*=ann:*'],
    ben: ['stream:*=ben:*'],
    reader: ['stream:read=ann:*', 'stream:write=reader:*'],
    root: ['admin'],
  };
  for (const [name, scopes] of Object.entries(scopesOf)) {
    await users.add({ name, password: `password of ${name}`, scopes }, 'test');
    tokens[name] = (await issuer.issue(name, {})).token;
  }
  await as('ann', 'PUT', '/start?rec_id=private');
  await store.add('ann:cam', '1');
  await store.add('ben:cam', '2');
  await store.add('root:cam', '3');
  await as('ann', 'PUT', '/stop');
  const form = new FormData();
  form.append('file', new Blob(['x']), 'x');
  await as('ann', 'POST', '/upload/private/main.mp4', { body: form });
});

afterAll(async () => {
  await recordings.close();
});

function as(user: string, method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  return askRecordings(recordings.store.url, method, path, {
    ...init,
    headers: { authorization: `Bearer ${tokens[user]}` },
  });
}

function replay(user: string, query: string): Promise<TestSocket> {
  const headers = { authorization: `Bearer ${tokens[user]}` };
  return TestSocket.open(`${recordings.store.ws}/ptg/recordings/replay?${query}`, { headers });
}

describe('a recording of somebody who may read some streams', () => {
  it('has those and no others', async () => {
    expect(await readdir(join(recordings.dir, 'raw', 'private'))).toEqual(['.sluice', 'ann:cam']);
    expect((await as('ann', 'GET', '')).body).toEqual(['private']);
  });

  it('takes in what appears later only where they may read it', async () => {
    await as('ann', 'PUT', '/start?rec_id=growing');
    for (const key of ['ann:later', 'ben:later']) await recordings.store.log.append(key, Buffer.from('x'));
    await waitFor(async () => (await readdir(join(recordings.dir, 'raw', 'growing'))).includes('ann:later'));
    await as('ann', 'PUT', '/stop');
    expect((await recordedEntries(recordings.dir, 'growing', 'ben:later')).length).toBe(0);
    expect((await as('ann', 'DELETE', '/growing')).body).toEqual([true, true]);
  });

  const routes: (readonly [method: string, path: string])[] = [
    ['GET', '/NAME'],
    ['GET', '/static/NAME/main.mp4'],
    ['GET', '/static/raw/NAME/ann:cam/any.zip'],
    ['GET', '/NAME/mcap'],
    ['PUT', '/NAME/rename/other'],
    ['PUT', '/NAME/hide'],
    ['PUT', '/NAME/unhide'],
    ['PUT', '/stop?rec_id=NAME'],
    ['DELETE', '/NAME'],
  ];

  it.each(routes)('is for %s %s of others what is not there', async (method, path) => {
    const [there, nowhere] = [
      await as('ben', method, path.replace('NAME', 'private')),
      await as('ben', method, path.replace('NAME', 'nowhere')),
    ];
    expect(JSON.stringify(there).replaceAll('private', 'NAME')).toBe(
      JSON.stringify(nowhere).replaceAll('nowhere', 'NAME'),
    );
    expect((await as('ann', 'GET', '')).body).toEqual(['private']);
  });

  it('is not in the lists of others, and not replayed for them', async () => {
    expect((await as('ben', 'GET', '')).body).toEqual([]);
    expect((await as('ben', 'GET', '?info=1')).body).toEqual([]);
    expect((await as('root', 'GET', '')).body).toEqual(['private']);
    await expect(replay('ben', 'rec_id=private&sid=ann:cam&prefix=ben:')).rejects.toMatchObject({ status: 403 });
    await expect(replay('ben', 'rec_id=nowhere&sid=ann:cam&prefix=ben:')).rejects.toMatchObject({ status: 403 });
  });

  it('is not changed by those who may only read it, and replayed only to streams that they may write', async () => {
    expect((await as('reader', 'GET', '')).body).toEqual(['private']);
    for (const [method, path] of [
      ['DELETE', '/private'],
      ['PUT', '/private/hide'],
      ['PUT', '/private/rename/x'],
    ] as const) {
      expect((await as('reader', method, path)).status).toBe(403);
    }
    await expect(replay('reader', 'rec_id=private&sid=ann:cam')).rejects.toMatchObject({ status: 403 });
    const socket = await replay('reader', 'rec_id=private&sid=ann:cam&prefix=reader:&fullspeed=1');
    expect((await socket.closed).code).toBe(1000);
    expect((await recordings.store.entries('reader:ann:cam')).map(({ d }) => d)).toEqual(['1']);
  });

  it('is not replaced or ended by others while it runs', async () => {
    await as('ann', 'PUT', '/start?rec_id=mine');
    expect((await as('ben', 'GET', '/current')).body).toBeNull();
    expect((await as('ben', 'PUT', '/stop')).body).toBe(0);
    expect((await as('ben', 'PUT', '/start?rec_id=other')).status).toBe(403);
    expect((await as('ben', 'PUT', '/start?rec_id=private')).status).toBe(403);
    expect((await as('ben', 'PUT', '/start?rec_id=beside&parallel=1')).status).toBe(200);
    expect((await as('ben', 'PUT', '/stop?rec_id=beside')).body).toBe(1);
    expect((await as('ann', 'PUT', '/stop')).body).toBe(1);
  });
});
