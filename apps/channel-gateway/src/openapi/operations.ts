import { type Channel } from '../engine/catalogue.js';
import { type Json } from './schemas.js';

/** One operation, before it is written out. */
export interface Operation {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Qualified name of the record type. */
  readonly type_?: string;
  readonly answer: Json;
  readonly body?: Json;
  /** Default: a body is needed. */
  readonly isBodyOptional?: boolean;
  readonly parameters?: readonly Json[];
  readonly problems?: readonly (readonly [status: string, answer: Json])[];
}

/** Components that do not depend on the application. */
export const FIXED_SCHEMAS: Readonly<Record<string, Json>> = {
  Error404: {
    type: 'object',
    title: 'Error404',
    properties: { detail: { type: 'string', title: 'Detail', default: '' } },
  },
  HTTPValidationError: {
    type: 'object',
    title: 'HTTPValidationError',
    properties: { detail: { type: 'array', title: 'Detail', items: { $ref: '#/components/schemas/ValidationError' } } },
  },
  ValidationError: {
    type: 'object',
    title: 'ValidationError',
    required: ['loc', 'msg', 'type'],
    properties: {
      loc: { type: 'array', title: 'Location', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
      msg: { type: 'string', title: 'Message' },
      type: { type: 'string', title: 'Error Type' },
      input: { title: 'Input' },
      ctx: { type: 'object', title: 'Context' },
    },
  },
};

/** Writes an operation out. */
export function operation({
  tag,
  summary,
  description,
  type_,
  answer,
  body,
  isBodyOptional = false,
  parameters = [],
  problems = [],
}: Operation): Json {
  return {
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    operationId: summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_'),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: !isBodyOptional, content: json(body) } }),
    responses: Object.fromEntries([
      ['200', { description: 'Successful Response', content: json(answer) }],
      ...problems.map(([status, problemAnswer]) => [status, problemAnswer]),
    ]),
    ...(type_ === undefined ? {} : { type_ }),
  };
}

/** Paths of a document and the operations of each. */
export type DescribedPaths = [path: string, operations: Readonly<Record<string, Json>>][];

/** An operation on records that there may be none of. */
export function dataPath(described: Operation): Json {
  return operation({ problems: [problem(404), problem(422)], ...described });
}

/** A list of names. */
export function listing(tag: string, summary: string): Json {
  return operation({
    tag,
    summary,
    answer: { type: 'array', title: `Response ${summary}`, items: { type: 'string' } },
  });
}

/** What a refusal looks like. */
export function problem(status: 404 | 422): readonly [status: string, answer: Json] {
  const [name, description] = status === 404 ? ['Error404', 'Not Found'] : ['HTTPValidationError', 'Validation Error'];
  return [String(status), { description, content: json({ $ref: `#/components/schemas/${name}` }) }];
}

/** The key of a basket in the path. */
export function keyParameter({ keys }: Channel): Json {
  const names = [...(keys?.keys() ?? [])];
  return { name: 'key', in: 'path', required: true, schema: { type: 'string', title: 'Key', enum: names } };
}

/** The id of a record in the path. */
export function idParameter(): Json {
  return { name: 'id', in: 'path', required: true, schema: { type: 'string', title: 'Id' } };
}

/** A name as a title. */
export function named(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}
