import { ArgsType, Field, ObjectType, createUnionType } from '@nestjs/graphql';
import { SluiceError } from '@sluice/contracts';
import { type LogEntry } from '@sluice/stream-log';
import { FieldArgs } from '../graphql/field-args.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { Base64, JsonScalar, Utf8 } from '../graphql/scalars.js';
import { base64Of, fits, jsonOf } from '../streams/payload-forms.js';
import { type EntryEvent, type Loss } from './entry-feed.js';

/** How bytes are read as text. */
@ArgsType()
class TextEncoding {
  @Field(() => String, { defaultValue: 'utf-8' })
  format: string = 'utf-8';
}

const LOSS = {
  nullable: true,
  description: 'What was lost before it: {after, next, lost, isReset}; null for nothing.',
} as const;

/** One entry of a stream. */
@ObjectType('DataPayload', { description: 'One entry of a stream.' })
export class DataPayload {
  @Field(() => Utf8, { description: 'Full name of the stream, with its device.' })
  readonly streamId: string;

  @Field(() => Utf8, { description: 'Id of the entry.' })
  readonly time: string;

  @Field(() => JsonScalar, LOSS)
  readonly gap: Loss | null;

  readonly payloadBytes: number;

  constructor(
    { key, loss }: EntryEvent,
    private readonly entry: LogEntry,
  ) {
    this.payloadBytes = entry.payload.length;
    this.streamId = key;
    this.time = entry.id;
    this.gap = loss;
  }

  @Field(() => Base64)
  data(_args: object, context: OperationContext): string {
    return base64Of(this.entry.payload, `${this.streamId} ${this.time} data`, context);
  }

  @Field(() => String)
  string(@FieldArgs(() => TextEncoding) { format }: TextEncoding, context: OperationContext): string {
    return decode(this.entry, format, context);
  }

  @Field(() => JsonScalar)
  json(_args: object, context: OperationContext): unknown {
    return jsonOf(this.entry.payload, `${this.streamId} ${this.time} json`, context);
  }
}

/** Several entries of one stream, as lists side by side. */
@ObjectType('DataPayloads', { description: 'Several entries of one stream, as lists side by side.' })
export class DataPayloads {
  @Field(() => Utf8, { description: 'Full name of the stream, with its device.' })
  readonly streamId: string;

  @Field(() => [Utf8], { description: 'Ids of the entries.' })
  readonly time: readonly string[];

  @Field(() => JsonScalar, LOSS)
  readonly gap: Loss | null;

  readonly payloadBytes: number;
  private readonly entries: readonly LogEntry[];

  constructor({ key, entries, loss }: EntryEvent) {
    this.streamId = key;
    this.time = entries.map(({ id }) => id);
    this.gap = loss;
    this.entries = entries;
    this.payloadBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  @Field(() => [Base64])
  data(_args: object, context: OperationContext): string[] {
    return this.entries.map(({ id, payload }) => base64Of(payload, `${this.streamId} ${id} data`, context));
  }

  @Field(() => [String])
  string(@FieldArgs(() => TextEncoding) { format }: TextEncoding, context: OperationContext): string[] {
    return this.entries.map((entry) => decode(entry, format, context));
  }

  @Field(() => [JsonScalar])
  json(_args: object, context: OperationContext): unknown[] {
    return this.entries.map(({ id, payload }) => jsonOf(payload, `${this.streamId} ${id} json`, context));
  }
}

/** What the subscription `streams` gives: by `count`, one entry or several. */
export const DataPayloadsDataPayload = createUnionType({
  name: 'DataPayloadsDataPayload',
  types: () => [DataPayloads, DataPayload] as const,
  resolveType: (value: object) => (value instanceof DataPayloads ? DataPayloads : DataPayload),
});

/** @throws SluiceError INVALID_PARAMETER for an encoding that nobody knows */
function decode({ id, payload }: LogEntry, format: string, context: OperationContext): string {
  const decoder = decoderOf(format);
  if (!fits(payload.length, `${id} string`, context)) return '';
  try {
    return decoder.decode(payload);
  } catch {
    context.note({
      code: 'INVALID_PARAMETER',
      field: `${id} string`,
      message: `the payload is not ${decoder.encoding}`,
    });
    return '';
  }
}

function decoderOf(format: string): InstanceType<typeof TextDecoder> {
  try {
    // Python, which named them, writes `latin-1` and `utf_8`.
    return new TextDecoder(format.replace('_', '-').replace(/^latin-/i, 'latin'), { fatal: true, ignoreBOM: true });
  } catch {
    throw new SluiceError(
      'INVALID_PARAMETER',
      `format ${JSON.stringify(format.slice(0, 100))} is no known text encoding`,
    );
  }
}
