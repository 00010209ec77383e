import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { TestGateway, type Answer } from './support/gateway.js';
import { states } from './support/states.js';

let lab: TestGateway;

beforeAll(async () => {
  lab = await TestGateway.start({ isSuite: true, application: states() });
});

afterAll(async () => {
  await lab?.close();
});

beforeEach(async () => {
  await stage('DELETE', '?id=');
});

const stage = (method: string, query = '', body?: unknown, gateway = lab): Promise<Answer> =>
  gateway.get(`/stage/orders${query}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
const open = async (): Promise<string> => Object.keys((await stage('POST')).body as object)[0] ?? '';
/** Areas as `{area: ids of its records}`. */
const short = (answer: Answer): unknown => {
  if (answer.status !== 200) return answer;
  const areas = Object.entries(answer.body as Record<string, { id: string }[]>);
  return Object.fromEntries(areas.map(([area, records]) => [area, records.map(({ id }) => id)]));
};
const all = async (): Promise<unknown> => short(await stage('PUT'));

describe('adding', () => {
  it.each(['', '?id='])('nothing with "%s" opens an empty area', async (query) => {
    const { status, body } = await stage('POST', query);
    expect([status, Object.values(body as object)]).toEqual([200, [[]]]);
    expect(Object.keys(body as object)[0]).toMatch(/^\d{19}$/);
  });

  it('nothing to named areas is refused', async () => {
    const area = await open();
    const detail = 'Cannot specify staging_ids without a struct to add';
    expect(await stage('POST', `?id=${area}`)).toMatchObject({ status: 400, body: { detail } });
  });

  it('a record goes into the newest area, or a new one', async () => {
    const first = short(await stage('POST', '', { id: 'r1' })) as object;
    expect(Object.values(first)).toEqual([['r1']]);
    const [area = ''] = Object.keys(first);
    const newest = await open();
    expect(short(await stage('POST', '', { id: 'r2' }))).toEqual({ [newest]: ['r2'] });
    expect(await all()).toEqual({ [area]: ['r1'], [newest]: ['r2'] });
  });

  it('a record with an empty id goes into every area that does not hold it, or a new one', async () => {
    const [a, b] = [await open(), await open()];
    await stage('POST', `?id=${a}`, { id: 'r1' });
    expect(short(await stage('POST', '?id=', { id: 'r1' }))).toEqual({ [b]: ['r1'] });
    const third = short(await stage('POST', '?id=', { id: 'r1' })) as object;
    expect(Object.values(third)).toEqual([['r1']]);
    expect([a, b]).not.toContain(Object.keys(third)[0]);
  });

  it('a record goes into each area that is named, or into none when one is unknown', async () => {
    const [a, b, c] = [await open(), await open(), await open()];
    expect(short(await stage('POST', `?id=${a},${c}`, { id: 'r1' }))).toEqual({ [a]: ['r1'], [c]: ['r1'] });
    const refused = await stage('POST', `?id=${a},nope`, { id: 'r2' });
    expect(refused).toMatchObject({ status: 400, body: { detail: "'Staging ID not found: nope'" } });
    expect(await all()).toEqual({ [a]: ['r1'], [b]: [], [c]: ['r1'] });
  });

  it.each(['[{"id":"r"}]', '{', '{"nope":1}', '{"n":"x"}', '5'])('%s is refused', async (body) => {
    expect((await stage('POST', '', body)).status).toBe(422);
    expect(await all()).toEqual({});
  });
});

describe('removing', () => {
  it('nothing drops the newest area', async () => {
    const [a, b] = [await open(), await open()];
    expect(short(await stage('DELETE'))).toEqual({ [b]: [] });
    expect(await all()).toEqual({ [a]: [] });
  });

  it('nothing with an empty id drops all', async () => {
    const [a, b] = [await open(), await open()];
    expect(short(await stage('DELETE', '?id='))).toEqual({ [a]: [], [b]: [] });
    expect(await all()).toEqual({});
  });

  it('nothing with ids empties those and leaves them open', async () => {
    const [a, b] = [await open(), await open()];
    await stage('POST', `?id=${a},${b}`, { id: 'r1' });
    expect(short(await stage('DELETE', `?id=${a},nope`))).toEqual({ [a]: [] });
    expect(await all()).toEqual({ [a]: [], [b]: ['r1'] });
  });

  it('a record takes it out of the newest area that holds it, of all, or of those named', async () => {
    const [a, b, c] = [await open(), await open(), await open()];
    const fill = (): Promise<Answer> => stage('POST', `?id=${a},${b}`, { id: 'r1' });
    await fill();
    expect(short(await stage('DELETE', '', { id: 'r1' }))).toEqual({ [b]: [] });
    await fill();
    expect(short(await stage('DELETE', '?id=', { id: 'r1' }))).toEqual({ [a]: [], [b]: [] });
    await fill();
    expect(short(await stage('DELETE', `?id=${a},${c}`, { id: 'r1' }))).toEqual({ [a]: [] });
    expect(await all()).toEqual({ [a]: [], [b]: ['r1'], [c]: [] });
    expect(short(await stage('DELETE', '', { id: 'other' }))).toEqual({});
  });
});

describe('releasing', () => {
  it('ticks the records of all areas in their order, and forgets the areas', async () => {
    const [a, b] = [await open(), await open()];
    for (const [area, id] of [
      [a, 'r1'],
      [b, 'r2'],
      [a, 'r3'],
    ])
      await stage('POST', `?id=${area}`, { id });
    const socket = await lab.socket();
    await socket.sync({ action: 'subscribe', channel: 'orders' });
    expect(short(await stage('PATCH'))).toEqual({ [a]: ['r1', 'r3'], [b]: ['r2'] });
    const ticked: unknown[] = [];
    for (let at = 0; at < 3; at += 1) ticked.push((await socket.next('orders')).data?.map(({ id }) => id));
    expect(ticked).toEqual([['r1'], ['r3'], ['r2']]);
    expect((await lab.list('/last/orders')).map(({ id }) => id)).toEqual(['r2']);
    expect(await all()).toEqual({});
    await socket.close();
  });

  it('nothing where the id is empty, and only the areas that are named', async () => {
    const [a, b] = [await open(), await open()];
    expect(short(await stage('PATCH', '?id='))).toEqual({});
    expect(short(await stage('PATCH', `?id=${a},nope`))).toEqual({ [a]: [] });
    expect(await all()).toEqual({ [b]: [] });
  });

  it('ticks a list of one record on a channel of lists', async () => {
    await lab.post('/stage/staged_lists', { id: 'l1' });
    await lab.get('/stage/staged_lists', { method: 'PATCH' });
    expect((await lab.list('/last/staged_lists')).map(({ id }) => id)).toEqual(['l1']);
  });
});

describe('looking', () => {
  it('lists areas from the oldest on, all or the one that is named', async () => {
    const [a, b] = [await open(), await open()];
    expect((await stage('GET')).body).toEqual([a, b]);
    expect((await stage('GET', '?id=')).body).toEqual([]);
    expect((await stage('GET', `?id=${a}`)).body).toEqual([a]);
    expect((await stage('GET', '?id=nope')).body).toEqual([]);
    expect((await stage('GET', `?id=${a},${b}`)).body).toEqual([]);
  });

  it('shows what is in them, all or the one that is named', async () => {
    const [a, b] = [await open(), await open()];
    await stage('POST', '', { id: 'r1' });
    expect(await all()).toEqual({ [a]: [], [b]: ['r1'] });
    expect(short(await stage('PUT', '?id='))).toEqual({});
    expect(short(await stage('PUT', `?id=${b}`))).toEqual({ [b]: ['r1'] });
    expect(short(await stage('PUT', `?id=${a},${b}`))).toEqual({});
  });

  it('finds staged channels only, under their aliases too', async () => {
    expect((await lab.get('/stage/')).body).toEqual(['orders', 'staged_lists']);
    expect((await lab.get('/stage/staged-lists')).status).toBe(200);
    expect(await lab.get('/stage/samples')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect((await lab.get('/stage')).status).toBe(307);
  });
});

describe('areas', () => {
  it('are the same on every replica and outlive all of them', async () => {
    const other = await TestGateway.start({ application: states(), redis: lab.redis });
    const area = await open();
    await stage('POST', '', { id: 'r1' }, other);
    expect(await all()).toEqual({ [area]: ['r1'] });
    await other.close();
    const later = await TestGateway.start({ application: states(), redis: lab.redis });
    expect(short(await stage('PUT', '', undefined, later))).toEqual({ [area]: ['r1'] });
    await later.close();
  });

  it('lose nothing when many replicas add at once, and release each record once', async () => {
    const other = await TestGateway.start({ application: states(), redis: lab.redis });
    await open();
    const adding = Array.from({ length: 30 }, (_none, n) =>
      stage('POST', '', { id: `p${n}` }, n % 2 === 0 ? lab : other),
    );
    await Promise.all(adding);
    const released = await Promise.all([stage('PATCH'), stage('PATCH', '', undefined, other)]);
    const ids = released.flatMap((answer) => Object.values(short(answer) as object).flat() as string[]);
    expect(ids.toSorted()).toEqual(Array.from({ length: 30 }, (_none, n) => `p${n}`).toSorted());
    await other.close();
  });

  it('tell modules what happens to them, a tick for each record', async () => {
    const socket = await lab.socket();
    await socket.sync({ action: 'subscribe', channel: 'actions' });
    await stage('POST', '', { id: 'e1' });
    await stage('POST', '', { id: 'e2' });
    await stage('DELETE', '', { id: 'e2' });
    await stage('PATCH');
    const told: unknown[] = [];
    for (let at = 0; at < 5; at += 1) told.push((await socket.next('actions')).data?.[0]?.['text']);
    expect(told).toEqual(['CREATED 0', 'ADDED 1', 'ADDED 1', 'REMOVED 1', 'RELEASED 1']);
    await socket.close();
  });

  it('have an end', async () => {
    await open();
    const big = 'x'.repeat(6 * 1024 * 1024);
    expect((await stage('POST', '', { id: 'b1', text: big })).status).toBe(200);
    expect((await stage('POST', '', { id: 'b2', text: big })).status).toBe(200);
    expect((await stage('POST', '', { id: 'b3', text: big })).status).toBe(429);
    await waitFor(async () => (await stage('GET')).status === 200);
  });
});
