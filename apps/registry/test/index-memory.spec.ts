import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { Registry } from './support/registry.js';

const SEARCH = '{ streamPage(where: [{path: "number", exists: true}]) { total } }';
const THINGS = 200;

let registry: Registry;

/** Metadata that takes about 1.5 KB in the index. */
const META = `{number: 1, text: "${'x'.repeat(1_000)}"}`;

beforeAll(async () => {
  registry = await Registry.start({ SLUICE_REGISTRY_INDEX_MEMORY_BYTES: String(64 * 1024) });
});

afterAll(() => registry.close());

async function total(): Promise<number> {
  return (await registry.data<{ streamPage: { total: number } }>(SEARCH)).streamPage.total;
}

it('metadata is indexed as far as its memory goes, and answers say when that is not all', async () => {
  await registry.data(`mutation { updateStreamMeta(sid: "first", meta: ${META}) }`);
  expect((await registry.ask(SEARCH)).extensions).toBeUndefined();
  for (let at = 0; at < THINGS; at++) {
    await registry.data(`mutation { updateStreamMeta(sid: "s${at}", meta: ${META}) }`);
  }
  const { extensions } = await registry.ask(SEARCH);
  expect(extensions).toEqual({ index: { isComplete: false, isRebuilding: false, isFull: true } });
  const health = (await (await fetch(`${registry.url}/health`)).json()) as { checks: { index: object } };
  expect(health.checks.index).toMatchObject({ isFull: true, detail: expect.stringContaining('memory') });
  const found = await total();
  expect(found).toBeGreaterThan(50);
  expect(found).toBeLessThan(THINGS);
});

it('what is forgotten makes room again', async () => {
  await registry.data('mutation { flush }');
  await waitFor(async () => (await total()) === 0);
  await registry.data(`mutation { updateStreamMeta(sid: "later", meta: ${META}) }`);
  expect(await total()).toBe(1);
});
