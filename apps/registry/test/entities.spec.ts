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

  it('survive a flush of the streams', async () => {
    await entities.register('channel', 'kept', {});
    await registry.data('mutation { flush }');
    expect(await registry.data('{ entityPage(kind: "channel", match: "kept") { total } }')).toEqual({
      entityPage: { total: 1 },
    });
  });
});
