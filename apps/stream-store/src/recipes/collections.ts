import { randomBytes } from 'node:crypto';
import { type DocumentEvents } from './recipe-keys.js';

/** What a field of a document may hold; `time` is filled in here and taken from nobody. */
export type FieldKind = 'text' | 'texts' | 'integer' | 'time';

interface Field {
  readonly kind: FieldKind;
  /** JSON when nothing is given; without it the field is required. */
  readonly fallback?: string;
}

/** Documents of one kind. */
export interface Collection {
  /** How messages call one. */
  readonly noun: string;
  readonly events: DocumentEvents;
  readonly fields: ReadonlyMap<string, Field>;
  readonly maxDocuments: number;
  /** Ids for a new document that names none: tried one after the other. */
  ids(nowMs: number): Iterable<string>;
}

/** Recipes: what is needed, and the steps. */
export const RECIPES: Collection = {
  noun: 'recipe',
  events: 'event:recipes',
  fields: new Map<string, Field>([
    ['name', { kind: 'text' }],
    ['ingredients', { kind: 'texts', fallback: '[]' }],
    ['tools', { kind: 'texts', fallback: '[]' }],
    ['instructions', { kind: 'texts', fallback: '[]' }],
  ]),
  maxDocuments: 1_000,
  // 24 hexadecimal digits that begin with the time, as documents of the original have them.
  *ids(nowMs) {
    const time = Math.floor(nowMs / 1000).toString(16);
    for (;;) yield `${time.padStart(8, '0')}${randomBytes(8).toString('hex')}`;
  },
};

/** Sessions: somebody who follows a recipe. */
export const SESSIONS: Collection = {
  noun: 'session',
  events: 'event:sessions',
  fields: new Map<string, Field>([
    ['recipe', { kind: 'text', fallback: 'null' }],
    ['step', { kind: 'integer', fallback: '0' }],
    ['prefix', { kind: 'text', fallback: 'null' }],
    ['created_at', { kind: 'time' }],
  ]),
  maxDocuments: 10_000,
  // Seconds in base 36; of several in one second the later ones take the next ones.
  *ids(nowMs) {
    for (let seconds = Math.floor(nowMs / 1000); ; seconds++) yield seconds.toString(36);
  },
};
