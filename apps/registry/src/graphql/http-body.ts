import { type OperationRequest } from './executor.js';

/** A request that is answered with a line of text, as the original does. */
export class TextRefusal extends Error {
  override readonly name = 'TextRefusal';

  constructor(
    readonly status: 400 | 404 | 415,
    message: string,
  ) {
    super(message);
  }
}

const UNPARSABLE = 'Unable to parse request body as JSON';
const NO_QUERY = 'No GraphQL query found in the request';

/** Reads the body of a POST: JSON, or a form whose field `operations` is the JSON. @throws TextRefusal */
export async function readBody(contentType: string | undefined, body: Buffer | undefined): Promise<OperationRequest> {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return toRequest(parse(body?.toString('utf8') ?? ''));
  if (mediaType === 'multipart/form-data') return toRequest(parse(await operationsOf(contentType ?? '', body)));
  throw new TextRefusal(415, `Unsupported content type ${JSON.stringify(mediaType ?? '')}: send application/json`);
}

/** The form that clients with uploads send; nothing here takes a file. */
async function operationsOf(contentType: string, body: Buffer | undefined): Promise<string> {
  const headers = { 'content-type': contentType };
  const form = await new Response(body === undefined ? null : new Uint8Array(body), { headers })
    .formData()
    .catch(() => null);
  const operations = form?.get('operations');
  if (typeof operations === 'string') return operations;
  throw new TextRefusal(
    400,
    form === null ? 'Unable to parse the multipart body' : 'The form has no field "operations"',
  );
}

/** Reads the query string of a GET. @throws TextRefusal */
export function readQuery(params: Readonly<Record<string, unknown>>): OperationRequest {
  const { query, variables, operationName } = params;
  // Whoever takes HTML gets the page.
  if (query === undefined) throw new TextRefusal(404, 'Not Found');
  const given = typeof variables === 'string' && variables !== '' ? parse(variables) : null;
  return toRequest({ query, variables: given, operationName });
}

/** Reads a request from JSON, from whatever transport. @throws TextRefusal */
export function toRequest(value: unknown): OperationRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TextRefusal(400, NO_QUERY);
  const { query, variables = null, operationName = null } = value as Record<string, unknown>;
  if (typeof query !== 'string' || query === '') throw new TextRefusal(400, NO_QUERY);
  if (variables !== null && (typeof variables !== 'object' || Array.isArray(variables))) {
    throw new TextRefusal(400, 'variables must be a JSON object');
  }
  if (operationName !== null && typeof operationName !== 'string') {
    throw new TextRefusal(400, 'operationName must be a text');
  }
  return { query, variables: variables as Record<string, unknown> | null, operationName: operationName || null };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TextRefusal(400, UNPARSABLE);
  }
}
