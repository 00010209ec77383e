import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from './support/registry.js';

let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
});

afterAll(() => registry.close());

const QUERY = '{ streamIds(prefix: "none:") }';

function post(body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  return fetch(`${registry.url}/graphql`, { method: 'POST', headers, body });
}

function get(params: Record<string, string>): Promise<Response> {
  return fetch(`${registry.url}/graphql?${new URLSearchParams(params).toString()}`);
}

describe('GraphQL over HTTP', () => {
  it('answers POST with 200, also when a field or the whole operation is wrong', async () => {
    const good = await post(JSON.stringify({ query: QUERY }));
    expect([good.status, good.headers.get('content-type'), await good.json()]).toEqual([
      200,
      'application/json; charset=utf-8',
      { data: { streamIds: [] } },
    ]);
    for (const query of ['{ nothing }', '{', 'query ($a: Int!) { streamIds }', '{ device(id: "a\\u0000b") { id } }']) {
      const bad = await post(JSON.stringify({ query }));
      const body = (await bad.json()) as { data: null; errors: { message: string; locations: unknown[] }[] };
      expect([bad.status, body.data, body.errors.length > 0]).toEqual([200, null, true]);
      expect(body.errors[0]?.locations).toBeDefined();
      expect(JSON.stringify(body)).not.toContain('node_modules');
    }
  });

  it('takes variables and the name of an operation, in the body and in the query string', async () => {
    const query = 'query A($p: String!) { streamIds(prefix: $p) } query B { sids(prefix: "none:") }';
    const variables = { p: 'none:' };
    const posted = await post(JSON.stringify({ query, variables, operationName: 'A' }));
    expect(await posted.json()).toEqual({ data: { streamIds: [] } });
    const got = await get({ query, variables: JSON.stringify(variables), operationName: 'B' });
    expect(await got.json()).toEqual({ data: { sids: [] } });
    const vague = (await (await get({ query })).json()) as { errors: { message: string }[] };
    expect(vague.errors[0]?.message).toContain('operationName');
  });

  it('executes queries only over GET', async () => {
    const response = await get({ query: 'mutation { flush }' });
    expect(await response.json()).toMatchObject({ data: null, errors: [{ message: expect.stringContaining('POST') }] });
  });

  it.each([
    ['no JSON', '{"query"', 400, 'Unable to parse request body as JSON'],
    ['no query', '{"variables":{}}', 400, 'No GraphQL query found in the request'],
    ['a list', '[]', 400, 'No GraphQL query found in the request'],
    ['an empty body', '', 400, 'Unable to parse request body as JSON'],
    ['variables that are none', `{"query":"${QUERY.replaceAll('"', '\\"')}","variables":[1]}`, 400, 'variables'],
  ])('refuses %s in words', async (_what, body, status, text) => {
    const response = await post(body);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/plain; charset=utf-8']);
    expect(await response.text()).toContain(text);
  });

  it('refuses other content types with 415, and GET without a query with 404, unless for the page', async () => {
    expect((await post(QUERY, { 'content-type': 'application/graphql' })).status).toBe(415);
    expect((await post(QUERY, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await fetch(`${registry.url}/graphql`, { headers: { accept: 'application/json' } })).status).toBe(404);
    expect((await get({ query: '' })).status).toBe(400);
  });

  it('takes bodies up to 1 MiB', async () => {
    const just = JSON.stringify({ query: QUERY, unused: 'x'.repeat(1024 * 1024 - 100) });
    expect(await (await post(just)).json()).toEqual({ data: { streamIds: [] } });
    const large = await post(JSON.stringify({ query: QUERY, unused: 'x'.repeat(1024 * 1024) }));
    expect([large.status, await large.json()]).toEqual([
      413,
      {
        data: null,
        errors: [{ message: expect.stringContaining('1048576'), extensions: { code: 'MESSAGE_TOO_LARGE' } }],
      },
    ]);
  });

  it('takes forms, as clients with uploads send them, and says what is wrong with one', async () => {
    const send = async (fields: Record<string, string>): Promise<[number, string]> => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      const response = await fetch(`${registry.url}/graphql`, { method: 'POST', body });
      return [response.status, await response.text()];
    };
    expect(await send({ operations: JSON.stringify({ query: QUERY }), map: '{}' })).toEqual([
      200,
      '{"data":{"streamIds":[]}}',
    ]);
    expect(await send({ query: QUERY })).toEqual([400, expect.stringContaining('operations')]);
    expect(await send({ operations: '{' })).toEqual([400, expect.stringContaining('JSON')]);
    const broken = await post('no form', { 'content-type': 'multipart/form-data; boundary=x' });
    expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('multipart')]);
  });

  it.each([
    ['a query of a megabyte', `{ ${'streamIds '.repeat(90_000)} }`, 'tokens'],
    [
      'aliases by the thousand',
      `{ ${Array.from({ length: 1_000 }, (_, at) => `a${at}: streamIds`).join(' ')} }`,
      'limit',
    ],
    ['fields without end', `{ ${'stream(id: "x") { '.repeat(30)} id ${'}'.repeat(31)}`, 'deep'],
    ['fragments in a circle', '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }', 'Cannot spread'],
    ['a value that is very deep', `{ streams(ids: ${'['.repeat(2_000)}${']'.repeat(2_000)}) { id } }`, 'levels'],
  ])('refuses %s, and answers the next one', async (_what, query, message) => {
    const { data, errors } = await registry.ask(query);
    expect(data).toBeNull();
    expect(JSON.stringify(errors)).toContain(message);
    expect(await registry.data(QUERY)).toEqual({ streamIds: [] });
  });
});
