import { ArgsType, Field, Float, Int, ObjectType } from '@nestjs/graphql';
import { parseMeta, revisionOf } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import { type LogEntry, type StreamFacts } from '@sluice/stream-log';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import type DataLoader from 'dataloader';
import { FieldArgs } from '../graphql/field-args.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { Base64, JsonScalar, Utf8 } from '../graphql/scalars.js';
import { GroupLagType } from './group-lag.type.js';
import { type GroupLag } from './group-lags.js';
import { base64Of, fits, jsonOf, textOf } from './payload-forms.js';
import { type KnownOfStream } from './read-streams.js';
import { withValue, type Soon } from './soon.js';
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

/** About what one group takes in an answer. */
const GROUP_BYTES = 300;

/** What is known of one stream. Fields are methods: what nobody asks for is not read, and what a list has read is given at once. */
@ObjectType('Stream', {
  description: 'A stream, which need not exist: `error` says so then, and the other fields are empty.',
})
export class StreamType {
  @Field(() => String, {
    description: 'Its name where it was asked for: without the device or prefix it was found by.',
  })
  readonly id: string;

  /** What was read of it together with others; the rest is read when a field wants it. */
  known: KnownOfStream = {};

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
  firstEntryId(): Soon<string> {
    return this.fact(({ firstEntryId }) => firstEntryId ?? '', '');
  }

  @Field(() => Utf8)
  lastEntryId(): Soon<string> {
    return this.fact(({ lastEntryId }) => lastEntryId ?? '', '');
  }

  @Field(() => Utf8)
  lastGeneratedId(): Soon<string> {
    return this.fact(({ lastGeneratedId }) => lastGeneratedId, '');
  }

  @Field(() => Utf8)
  recordedFirstEntryId(): Soon<string> {
    return this.fact(({ recordedFirstEntryId }) => recordedFirstEntryId, '');
  }

  @Field(() => Utf8)
  maxDeletedEntryId(): Soon<string> {
    return this.fact(({ maxDeletedEntryId }) => maxDeletedEntryId, '');
  }

  @Field(() => Int)
  radixTreeKeys(): Soon<number> {
    return this.fact(({ radixTreeKeys }) => radixTreeKeys, 0);
  }

  @Field(() => Int)
  radixTreeNodes(): Soon<number> {
    return this.fact(({ radixTreeNodes }) => radixTreeNodes, 0);
  }

  @Field(() => Int)
  groups(): Soon<number> {
    return this.fact(({ groups }) => groups, 0);
  }

  @Field(() => Int)
  length(): Soon<number> {
    return this.fact(({ length }) => length, 0);
  }

  @Field(() => Int)
  entriesAdded(): Soon<number> {
    // What GraphQL calls an Int has 32 bits; a stream may have taken in more.
    return this.fact(({ entriesAdded }) => Math.min(entriesAdded, 2 ** 31 - 1), 0);
  }

  @Field(() => String, { description: 'Why there is nothing to tell: `no such key`, or empty.' })
  error(): Soon<string> {
    return withValue(this.facts(), (facts) => {
      if (facts instanceof SluiceError) return facts.message;
      return facts.exists ? '' : NO_SUCH_KEY;
    });
  }

  @Field(() => JsonScalar)
  meta(): Soon<unknown> {
    return withValue(this.metaJson(), (json) => {
      if (json === null || !fits(json.length * 2, `${this.key} meta`, this.context)) return EMPTY;
      return parseMeta(json) ?? EMPTY;
    });
  }

  @Field(() => String, { description: 'Revision of `meta`, for `expectedRevision`.' })
  revision(): Soon<string> {
    return withValue(this.metaJson(), revisionOf);
  }

  @Field(() => String, { description: 'ISO 8601 in UTC, or as `format` (strftime) says.' })
  firstEntryTime(@FieldArgs(() => TimeFormat) { format }: TimeFormat): Soon<string> {
    return this.fact(({ firstEntryId }) => timeOf(firstEntryId, format), '');
  }

  @Field(() => String, { description: 'ISO 8601 in UTC, or as `format` (strftime) says.' })
  lastEntryTime(@FieldArgs(() => TimeFormat) { format }: TimeFormat): Soon<string> {
    return this.fact(({ lastEntryId }) => timeOf(lastEntryId, format), '');
  }

  @Field(() => Base64)
  firstEntryData(): Soon<string> {
    return this.payload(false, 'Data', '', base64Of);
  }

  @Field(() => Base64)
  lastEntryData(): Soon<string> {
    return this.payload(true, 'Data', '', base64Of);
  }

  @Field(() => String)
  firstEntryString(): Soon<string> {
    return this.payload(false, 'String', '', textOf);
  }

  @Field(() => String)
  lastEntryString(): Soon<string> {
    return this.payload(true, 'String', '', textOf);
  }

  @Field(() => JsonScalar)
  firstEntryJson(): Soon<unknown> {
    return this.payload<unknown>(false, 'Json', EMPTY, jsonOf);
  }

  @Field(() => JsonScalar)
  lastEntryJson(): Soon<unknown> {
    return this.payload<unknown>(true, 'Json', EMPTY, jsonOf);
  }

  @Field(() => Float, { description: 'Bytes in memory, estimated.' })
  bytes(): Soon<number> {
    return this.fact(({ bytes }) => bytes, 0);
  }

  @Field(() => Float, { description: 'Entries taken in a second, over the last seconds.' })
  ratePerSecond(): Soon<number> {
    return this.fact((facts) => this.context.streams.rate(this.key, facts).ratePerSecond, 0);
  }

  @Field(() => Float, { description: 'Bytes taken in a second, over the last seconds.' })
  bytesPerSecond(): Soon<number> {
    return this.fact((facts) => this.context.streams.rate(this.key, facts).bytesPerSecond, 0);
  }

  @Field(() => Float, { nullable: true, description: 'Milliseconds since the last entry, by the clock of Redis.' })
  lastEntryAgeMs(): Soon<number | null> {
    return this.fact<number | null>(
      ({ lastEntryId, timeMs }) => (lastEntryId === null ? null : Math.max(0, timeMs - entryTimeMs(lastEntryId))),
      null,
    );
  }

  @Field(() => [GroupLagType], { description: 'Its consumer groups, and how far they are.' })
  groupLags(): Soon<readonly GroupLagType[]> {
    return withValue(this.lags(), (lags) => {
      this.context.share.grow(lags.length * GROUP_BYTES);
      return lags;
    });
  }

  @Field(() => Int, {
    nullable: true,
    description: 'Entries that the slowest consumer group has not taken yet; null without one.',
  })
  lag(): Soon<number | null> {
    return withValue(this.lags(), (groups) => {
      const lags = groups.flatMap(({ lag }) => (lag === null ? [] : [lag]));
      return lags.length === 0 ? null : Math.max(...lags);
    });
  }

  private lags(): Soon<readonly GroupLag[]> {
    return (this.known.groups ??= one(this.context.streams.groups, this.key));
  }

  private metaJson(): Soon<string | null> {
    if (this.known.meta === undefined) this.known.meta = one(this.context.streams.meta, this.key);
    return this.known.meta;
  }

  /** The facts; the refusal of a key that holds something else. @throws SluiceError LOG_UNAVAILABLE */
  private facts(): Soon<StreamFacts | SluiceError> {
    return (this.known.facts ??= one(this.context.streams.facts, this.key));
  }

  /** The first or the last entry. @throws SluiceError LOG_UNAVAILABLE */
  private entry(isLast: boolean): Soon<LogEntry | SluiceError | null> {
    const edge = isLast ? 'last' : 'first';
    if (this.known[edge] === undefined) {
      const { key, context } = this;
      this.known[edge] = (async () => one(context.streams.entries, { key, isLast, facts: await this.facts() }))();
    }
    return this.known[edge];
  }

  private fact<T>(read: (facts: StreamFacts) => T, empty: T): Soon<T> {
    return withValue(this.facts(), (facts) => (facts instanceof SluiceError || !facts.exists ? empty : read(facts)));
  }

  private payload<T>(
    isLast: boolean,
    form: string,
    empty: T,
    read: (payload: Uint8Array, field: string, context: OperationContext) => T,
  ): Soon<T> {
    const { key, context } = this;
    const field = `${key} ${isLast ? 'last' : 'first'}Entry${form}`;
    return withValue(this.entry(isLast), (entry) => {
      if (entry === null) return empty;
      if (!(entry instanceof SluiceError)) return read(entry.payload, field, context);
      context.note({ code: entry.code, field, message: entry.message });
      return empty;
    });
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

async function one<K, V>(loader: DataLoader<readonly K[], readonly V[]>, key: K): Promise<V> {
  const [known] = await loader.load([key]);
  return known as V;
}
