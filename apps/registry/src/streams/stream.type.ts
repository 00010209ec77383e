import { ArgsType, Field, Float, Int, ObjectType } from '@nestjs/graphql';
import { parseMeta, revisionOf } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import { type LogEntry, type StreamFacts } from '@sluice/stream-log';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import { FieldArgs } from '../graphql/field-args.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { Base64, JsonScalar, Utf8 } from '../graphql/scalars.js';
import { GroupLagType } from './group-lag.type.js';
import { base64Of, jsonOf, textOf } from './payload-forms.js';
import { MAX_FORMAT_CHARS, strftime } from './strftime.js';

const NO_SUCH_KEY = 'no such key';
/** Latest time that a JavaScript date can show. */
const MAX_DATE_MS = 8_640_000_000_000_000;
const EMPTY = {};

/** How a time is written. */
@ArgsType()
class TimeFormat {
  @Field(() => String, { defaultValue: '' })
  format: string = '';
}

/** What is known of one stream. Fields are methods: what nobody asks for is not read. */
@ObjectType('Stream', {
  description: 'A stream, which need not exist: `error` says so then, and the other fields are empty.',
})
export class StreamType {
  @Field(() => String, {
    description: 'Its name where it was asked for: without the device or prefix it was found by.',
  })
  readonly id: string;

  constructor(
    /** Its Redis key. */
    readonly key: string,
    shownId: string,
    private readonly context: OperationContext,
  ) {
    this.id = shownId;
  }

  @Field(() => String)
  sid(): string {
    return this.id;
  }

  @Field(() => String)
  streamId(): string {
    return this.id;
  }

  @Field(() => Utf8)
  firstEntryId(): Promise<string> {
    return this.fact(({ firstEntryId }) => firstEntryId ?? '', '');
  }

  @Field(() => Utf8)
  lastEntryId(): Promise<string> {
    return this.fact(({ lastEntryId }) => lastEntryId ?? '', '');
  }

  @Field(() => Utf8)
  lastGeneratedId(): Promise<string> {
    return this.fact(({ lastGeneratedId }) => lastGeneratedId, '');
  }

  @Field(() => Utf8)
  recordedFirstEntryId(): Promise<string> {
    return this.fact(({ recordedFirstEntryId }) => recordedFirstEntryId, '');
  }

  @Field(() => Utf8)
  maxDeletedEntryId(): Promise<string> {
    return this.fact(({ maxDeletedEntryId }) => maxDeletedEntryId, '');
  }

  @Field(() => Int)
  radixTreeKeys(): Promise<number> {
    return this.fact(({ radixTreeKeys }) => radixTreeKeys, 0);
  }

  @Field(() => Int)
  radixTreeNodes(): Promise<number> {
    return this.fact(({ radixTreeNodes }) => radixTreeNodes, 0);
  }

  @Field(() => Int)
  groups(): Promise<number> {
    return this.fact(({ groups }) => groups, 0);
  }

  @Field(() => Int)
  length(): Promise<number> {
    return this.fact(({ length }) => length, 0);
  }

  @Field(() => Int)
  async entriesAdded(): Promise<number> {
    // What GraphQL calls an Int has 32 bits; a stream may have taken in more.
    return Math.min(await this.fact(({ entriesAdded }) => entriesAdded, 0), 2 ** 31 - 1);
  }

  @Field(() => String, { description: 'Why there is nothing to tell: `no such key`, or empty.' })
  async error(): Promise<string> {
    const facts = await this.facts();
    if (facts instanceof SluiceError) return facts.message;
    return facts.exists ? '' : NO_SUCH_KEY;
  }

  @Field(() => JsonScalar)
  async meta(): Promise<unknown> {
    const json = await this.context.streams.meta.load(this.key);
    return (json === null ? null : parseMeta(json)) ?? EMPTY;
  }

  @Field(() => String, { description: 'Revision of `meta`, for `expectedRevision`.' })
  async revision(): Promise<string> {
    return revisionOf(await this.context.streams.meta.load(this.key));
  }

  @Field(() => String, { description: 'ISO 8601 in UTC, or as `format` (strftime) says.' })
  async firstEntryTime(@FieldArgs(() => TimeFormat) args: TimeFormat): Promise<string> {
    return timeOf(await this.fact(({ firstEntryId }) => firstEntryId, null), args.format);
  }

  @Field(() => String, { description: 'ISO 8601 in UTC, or as `format` (strftime) says.' })
  async lastEntryTime(@FieldArgs(() => TimeFormat) args: TimeFormat): Promise<string> {
    return timeOf(await this.fact(({ lastEntryId }) => lastEntryId, null), args.format);
  }

  @Field(() => Base64)
  firstEntryData(): Promise<string> {
    return this.payload(false, '', base64Of);
  }

  @Field(() => Base64)
  lastEntryData(): Promise<string> {
    return this.payload(true, '', base64Of);
  }

  @Field(() => String)
  firstEntryString(): Promise<string> {
    return this.payload(false, '', (bytes) => textOf(bytes, `${this.key} firstEntryString`, this.context));
  }

  @Field(() => String)
  lastEntryString(): Promise<string> {
    return this.payload(true, '', (bytes) => textOf(bytes, `${this.key} lastEntryString`, this.context));
  }

  @Field(() => JsonScalar)
  firstEntryJson(): Promise<unknown> {
    return this.payload<unknown>(false, EMPTY, (bytes) => jsonOf(bytes, `${this.key} firstEntryJson`, this.context));
  }

  @Field(() => JsonScalar)
  lastEntryJson(): Promise<unknown> {
    return this.payload<unknown>(true, EMPTY, (bytes) => jsonOf(bytes, `${this.key} lastEntryJson`, this.context));
  }

  @Field(() => Float, { description: 'Bytes in memory, estimated.' })
  bytes(): Promise<number> {
    return this.fact(({ bytes }) => bytes, 0);
  }

  @Field(() => Float, { description: 'Entries taken in a second, over the last seconds.' })
  async ratePerSecond(): Promise<number> {
    return (await this.exists()) ? (await this.context.streams.rate(this.key)).ratePerSecond : 0;
  }

  @Field(() => Float, { description: 'Bytes taken in a second, over the last seconds.' })
  async bytesPerSecond(): Promise<number> {
    return (await this.exists()) ? (await this.context.streams.rate(this.key)).bytesPerSecond : 0;
  }

  @Field(() => Float, { nullable: true, description: 'Milliseconds since the last entry, by the clock of Redis.' })
  lastEntryAgeMs(): Promise<number | null> {
    return this.fact(
      ({ lastEntryId, timeMs }) => (lastEntryId === null ? null : Math.max(0, timeMs - entryTimeMs(lastEntryId))),
      null,
    );
  }

  @Field(() => [GroupLagType], { description: 'Its consumer groups, and how far they are.' })
  async groupLags(): Promise<GroupLagType[]> {
    return this.context.streams.groups.load(this.key);
  }

  @Field(() => Int, {
    nullable: true,
    description: 'Entries that the slowest consumer group has not taken yet; null without one.',
  })
  async lag(): Promise<number | null> {
    const lags = (await this.context.streams.groups.load(this.key)).flatMap(({ lag }) => (lag === null ? [] : [lag]));
    return lags.length === 0 ? null : Math.max(...lags);
  }

  private async exists(): Promise<boolean> {
    return this.fact(({ exists }) => exists, false);
  }

  /** The facts; the refusal of a key that holds something else. @throws SluiceError LOG_UNAVAILABLE */
  private async facts(): Promise<StreamFacts | SluiceError> {
    try {
      return await this.context.streams.facts.load(this.key);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'WRONG_KEY_TYPE') return error;
      throw error;
    }
  }

  private async fact<T>(read: (facts: StreamFacts) => T, empty: T): Promise<T> {
    const facts = await this.facts();
    return facts instanceof SluiceError || !facts.exists ? empty : read(facts);
  }

  private async payload<T>(isLast: boolean, empty: T, read: (payload: Uint8Array) => T): Promise<T> {
    let entry: LogEntry | null;
    try {
      entry = await this.context.streams.entries.load({ key: this.key, isLast });
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'MESSAGE_TOO_LARGE') throw error;
      this.context.note({
        code: error.code,
        field: `${this.key} ${isLast ? 'last' : 'first'} entry`,
        message: error.message,
      });
      return empty;
    }
    return entry === null ? empty : read(entry.payload);
  }
}

function timeOf(id: EntryId | null, format: string): string {
  const ms = id === null ? MAX_DATE_MS + 1 : entryTimeMs(id);
  if (ms > MAX_DATE_MS) return '';
  if (format.length > MAX_FORMAT_CHARS) {
    throw new SluiceError('INVALID_PARAMETER', `format has ${format.length} characters, more than ${MAX_FORMAT_CHARS}`);
  }
  const date = new Date(ms);
  return format === '' ? date.toISOString() : strftime(date, format);
}
