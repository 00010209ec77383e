import { RESERVED_KEY_PREFIX } from '@sluice/wire';

/*
 * Every Redis key of recordings; the last three are the original's.
 *
 * | key                              | type   | content                                                          | lives             |
 * |----------------------------------|--------|------------------------------------------------------------------|-------------------|
 * | sluice:recordings:running        | hash   | name of a recording that runs -> JSON of its RunningRecording    | while it runs     |
 * | sluice:recordings:starts:<name>  | hash   | stream key -> id it is recorded after                            | while it runs     |
 * | sluice:recordings:stops:<name>   | hash   | stream key -> id it is recorded up to, once another process asks | until it stopped  |
 * | sluice:recordings:lease:<name>   | string | the process that records it                                      | 6 s, renewed      |
 * | recording:id                     | string | name of the recording that `current` shows                       | while it runs     |
 * | event:recording:id               | stream | that name at each start, empty at each stop                      | always            |
 * | recording:info:<name>            | string | JSON of the facts of a recording at rest                         | until it changes  |
 */

const PREFIX = `${RESERVED_KEY_PREFIX}recordings:`;

export const RUNNING_KEY = `${PREFIX}running`;
export const CURRENT_KEY = 'recording:id';
export const CURRENT_EVENTS_KEY = 'event:recording:id';

export function startsKey(name: string): string {
  return `${PREFIX}starts:${name}`;
}

export function stopsKey(name: string): string {
  return `${PREFIX}stops:${name}`;
}

export function leaseKey(name: string): string {
  return `${PREFIX}lease:${name}`;
}

export function infoKey(name: string): string {
  return `recording:info:${name}`;
}
