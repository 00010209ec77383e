import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChannelsClient } from '@sluice/sdk';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';

let redis: RedisServer;
let one: TestGateway;
let other: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
  one = await TestGateway.start({ application: lab(), redis });
  other = await TestGateway.start({ application: lab(), redis });
});
afterAll(async () => {
  await Promise.all([one?.close(), other?.close()]);
  await redis?.stop();
});

const record = { type: 'object', properties: { part: { type: 'string' } } };
const declare = async (name: string): Promise<void> => {
  await waitFor(async () => (await one.post('/channels', { name, record })).status === 201);
};
const remove = async (name: string): Promise<void> => {
  expect((await one.get(`/channels/${name}`, { method: 'DELETE' })).status).toBe(204);
};

describe('a channel that is removed while it is followed', () => {
  it('is told to who asked for that, on any replica, and what has its name later is another one', async () => {
    await declare('leaving');
    const [told, quiet] = [await other.socket(), await other.socket()];
    await told.sync({ action: 'subscribe', channel: 'leaving', gaps: true });
    await quiet.sync({ action: 'subscribe', channel: 'leaving' });
    await remove('leaving');
    expect(await told.next('leaving')).toEqual({ channel: 'leaving', removed: true });
    await declare('leaving');
    await one.post('/send/leaving', { part: 'a' });
    expect(await told.sync({ action: 'subscribe', channel: 'leaving', snapshot: true })).toMatchObject({ ok: true });
    expect(await told.next('leaving')).toMatchObject({ data: [{ part: 'a' }] });
    await quiet.sync({ action: 'subscribe', channel: 'heartbeat' });
    const more = [...told.messages, ...quiet.messages].filter(({ channel }) => channel === 'leaving');
    expect(more).toEqual([]);
    await Promise.all([told.close(), quiet.close()]);
    await remove('leaving');
  });

  it('ends the stream of a client of the SDK with a clear error, behind what came before', async () => {
    await declare('ending');
    const stream = new ChannelsClient({ url: other.url }).stream('ending');
    await stream.ready;
    await one.post('/send/ending', { part: 'a' });
    expect(await stream.next()).toMatchObject({ value: { records: [{ part: 'a' }] } });
    await remove('ending');
    await expect(stream.next()).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'channel "ending" was removed' });
  });
});
