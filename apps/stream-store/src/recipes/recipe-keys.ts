/*
 * Every Redis key of recipes and sessions. Those of ours carry the name of their event stream as hash tag, so that a document and
 * its event are changed together on a cluster too; the others have the names that clients know.
 *
 * | key                                     | type   | content                                        | lives         |
 * |-----------------------------------------|--------|------------------------------------------------|---------------|
 * | sluice:{event:recipes}:document:<id>    | hash   | field → JSON of a recipe; sessions alike       | until deleted |
 * | sluice:{event:recipes}:order            | zset   | ids in the order in which they were made       | as its members |
 * | sluice:{event:recipes}:done:<token>     | list   | answer of a change, in case its reply was lost | 30 s          |
 * | sluice:recipes:done:<token>             | list   | the same of changes of the running session     | 30 s          |
 * | recipe:id, recipe:step, session:id      | string | what goes on now                               | until stopped |
 * | event:recipes, event:sessions           | stream | changes of documents                           | about 10      |
 * | event:recipe:id                         | stream | recipe begun; empty: ended                     | about 10      |
 * | event:recipe:step, event:session:id     | stream | step, -1 at the end; session, empty at the end | about 100     |
 */

/** Stream of the changes of a collection's documents. */
export type DocumentEvents = 'event:recipes' | 'event:sessions';

/** A value of the running session, which is also a key. */
export type StateName = 'recipe:id' | 'recipe:step' | 'session:id';

/** How long the answer of a change is kept. */
export const DONE_TTL_MS = 30_000;
/** Events of documents that are kept, about. */
export const DOCUMENT_EVENTS_KEPT = 10;

export function documentKey(events: DocumentEvents, id: string): string {
  return `sluice:{${events}}:document:${id}`;
}

export function orderKey(events: DocumentEvents): string {
  return `sluice:{${events}}:order`;
}

export function documentDoneKey(events: DocumentEvents, token: string): string {
  return `sluice:{${events}}:done:${token}`;
}

export function stateDoneKey(token: string): string {
  return `sluice:recipes:done:${token}`;
}

/** Stream of the changes of a value. */
export function stateEvents(name: StateName): string {
  return `event:${name}`;
}

/** How many of those changes are kept, about. */
export function stateEventsKept(name: StateName): number {
  return name === 'recipe:id' ? 10 : 100;
}
