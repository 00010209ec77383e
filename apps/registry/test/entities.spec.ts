import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Entities } from '@sluice/catalog';
import { Registry } from './support/registry.js';

let registry: Registry;
let entities: Entities;

beforeAll(async () => {
  registry = await Registry.start();
  entities = registry.service.app.get(Entities);
});

afterAll(() => registry.close());

describe('things of other kinds', () => {
  it('are shown as soon as their owner registers them, and until it does not any more', async () => {
    for (const name of ['trades', 'orders', 'quotes']) await entities.register('channel', name, { type: name });
    await entities.register('pipeline', 'p1', {});
    expect(
      await registry.data(
        '{ kinds entityPage(kind: "channel", first: 2) { total cursor nodes { kind name description } } }',
      ),
    ).toEqual({
      kinds: ['channel', 'pipeline'],
      entityPage: {
        total: 3,
        cursor: expect.any(String),
        nodes: [
          { kind: 'channel', name: 'orders', description: { type: 'orders' } },
          { kind: 'channel', name: 'quotes', description: { type: 'quotes' } },
        ],
      },
    });
    expect(await entities.unregister('channel', 'orders')).toBe(true);
    expect(await entities.unregister('channel', 'orders')).toBe(false);
    expect(await registry.data('{ entityPage(kind: "channel", match: "o*") { total } }')).toEqual({
      entityPage: { total: 0 },
    });
  });

  it('have kinds and names that can be such, and descriptions of a bounded size', async () => {
    await expect(entities.register('No Kind', 'x', {})).rejects.toMatchObject({ code: 'INVALID_NAME' });
    await expect(entities.register('channel', '', {})).rejects.toMatchObject({ code: 'INVALID_NAME' });
    const large = { text: 'x'.repeat(70_000) };
    await expect(entities.register('channel', 'x', large)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });

  it('have large descriptions only as far as an answer has room', async () => {
    const small = await Registry.start(
      { SLUICE_REGISTRY_ANSWER_MEMORY_BYTES: String(1024 * 1024) },
      { redis: registry.redis },
    );
    for (let at = 0; at < 20; at++) await entities.register('channel', `large${at + 10}`, { text: 'x'.repeat(60_000) });
    const page = '{ entityPage(kind: "channel", match: "large*") { total nodes { description } } }';
    const { data, extensions } = await small.ask<{ entityPage: { nodes: { description: { text?: string } }[] } }>(page);
    const shown = data?.entityPage.nodes.filter(({ description }) => description.text?.length === 60_000);
    expect(data?.entityPage.nodes).toHaveLength(20);
    expect(shown).toHaveLength(4);
    expect(extensions?.['problems']).toHaveLength(16);
    expect(JSON.stringify(extensions)).toContain('channel large29 description');
    await small.close();
    const whole = await registry.ask(page);
    expect(whole.extensions).toBeUndefined();
    expect(JSON.stringify(whole.data).length).toBeGreaterThan(20 * 60_000);
  });

  it('survive a flush of the streams', async () => {
    await entities.register('channel', 'kept', {});
    await registry.data('mutation { flush }');
    expect(await registry.data('{ entityPage(kind: "channel", match: "kept") { total } }')).toEqual({
      entityPage: { total: 1 },
    });
  });
});
