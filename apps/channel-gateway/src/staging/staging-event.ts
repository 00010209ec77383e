import { Type } from 'typebox';
import { enumName } from '../records/fields.js';
import { recordType } from '../records/record-type.js';

/** What can happen to a staging area. */
export const StagingAction = { CREATED: 'CREATED', ADDED: 'ADDED', REMOVED: 'REMOVED', RELEASED: 'RELEASED' } as const;

/** Something that happened to a staging area; a tick for each record that it happened to. */
export const StagingEvent = recordType(
  'StagingEvent',
  {
    channel: Type.String({ default: '', description: 'The staged channel.' }),
    staging_id: Type.String({ default: '', description: 'The area.' }),
    action: Type.Optional(enumName(StagingAction)),
    items: Type.Array(Type.Unknown(), { default: [], description: 'The record, or nothing for an area as such.' }),
  },
  { description: 'Something that happened to a staging area.' },
);
