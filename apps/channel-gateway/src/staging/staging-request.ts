import { Type } from 'typebox';
import { type Channel } from '../engine/catalogue.js';
import { enumName } from '../records/fields.js';
import { type Making, type RecordOf, recordType } from '../records/record-type.js';
import { type Chosen, type Staged, type StageRequest } from './areas.js';

/** What can be asked of staging areas. */
const StagingDemand = { ADD: 'ADD', REMOVE: 'REMOVE', RELEASE: 'RELEASE' } as const;

/** Something that a module wants done to the staging areas of a channel; what becomes of it is told as a `StagingEvent`. */
export const StagingRequest = recordType(
  'StagingRequest',
  {
    action: enumName(StagingDemand, { default: 'ADD' }),
    staging_ids: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Areas. Without it the newest one (RELEASE: all); empty: all there are.',
      }),
    ),
    items: Type.Array(Type.Unknown(), {
      default: [],
      description: 'Records to add or to remove; without any, the areas as such.',
    }),
  },
  { description: 'Something that a module wants done to the staging areas of a channel.' },
);

/** What a request comes to, in order. @throws FaultyInput for an item that is no record of the channel */
export function demandsOf(
  { declaration: { type } }: Channel,
  { action, staging_ids: ids, items }: RecordOf<typeof StagingRequest>,
  making: Making,
): StageRequest[] {
  const chosen: Chosen = ids === undefined || ids === null ? 'absent' : ids.length === 0 ? 'empty' : ids;
  if (action === 'RELEASE') return [{ kind: 'release', chosen }];
  const kind = action === 'ADD' ? 'add' : 'remove';
  if (items.length === 0) return [{ kind, record: null, chosen }];
  return items.map((item, at) => {
    const record = type.read(item, { making, loc: ['items', at] }) as { readonly id: string };
    return { kind, record: asStaged(record), chosen };
  });
}

/** A record as an area holds it. */
export function asStaged(record: { readonly id: string }): Staged {
  return { id: record.id, json: JSON.stringify(record) };
}
