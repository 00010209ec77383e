import { type SluiceError } from '@sluice/contracts';
import { type Connection, type Identity, textFrame } from '@sluice/service-kit';
import { type StreamLog } from '@sluice/stream-log';
import { compareEntryIds, type EntryId, entryOfPosition, parsePosition } from '@sluice/wire';
import { type Intake } from '../bodies/intake.js';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { type Channel } from '../engine/catalogue.js';
import { type DeclaredChannels } from '../declared/declared-channels.js';
import { type Gateway } from '../gateway.js';
import { isAllowed } from '../sending/permitted.js';
import { HEARTBEAT_CHANNEL, type StreamHeartbeat } from './heartbeat.js';
import { type ClientMessage, readMessage } from './messages.js';
import { type Extras, Subscription, type SubscriptionSocket } from './subscription.js';
import { keyMessage, message } from './tick-frames.js';

/** Sends of one socket that may be on their way into the log before it is read no further. */
const MAX_SENDS = 256;
const MAX_SEND_BYTES = 16 * 1024 * 1024;
const MAX_LATEST = 1_000;

export interface SessionOptions {
  readonly gateway: Gateway;
  readonly declared: DeclaredChannels;
  readonly log: StreamLog;
  readonly keys: ChannelKeys;
  readonly heartbeat: StreamHeartbeat;
  readonly intake: Intake;
  readonly connection: Connection;
  readonly identity: Identity;
  /** What is not understood is told. */
  readonly tellsErrors: boolean;
  readonly maxBufferedBytes: number;
}

/** A reason why a message has no effect. */
class Ignored extends Error {}

/** One socket: what it is subscribed to, and what it sends. */
export class StreamSession implements SubscriptionSocket {
  private readonly subscriptions = new Map<string, Subscription>();
  private sending = 0;
  private sendingBytes = 0;
  private hasHeartbeat = false;
  private isPaused = false;
  private isClosed = false;
  /** A message has not had its effect yet; those behind it wait, so that they have theirs in order. */
  private isBusy = false;
  private waiting: { readonly data: Uint8Array; readonly isBinary: boolean }[] = [];

  constructor(private readonly options: SessionOptions) {
    const { connection } = options;
    connection.onMessage((data, isBinary) => this.take(data, isBinary));
    connection.writer.onDrain(() => this.drained());
    connection.ws.once('close', () => this.close());
  }

  get hasRoom(): boolean {
    return this.options.connection.writer.bufferedBytes < this.options.maxBufferedBytes;
  }

  write(pieces: readonly Uint8Array[]): void {
    this.options.connection.writer.write(pieces);
  }

  end({ closeCode, code, message: reason }: SluiceError): void {
    void this.options.connection.close(closeCode, `${code}: ${reason}`);
  }

  private readonly heartbeatSink = {
    write: (frame: readonly Uint8Array[]): void => {
      if (this.hasRoom) this.write(frame);
    },
  };

  private take(data: Uint8Array, isBinary: boolean): void {
    if (this.isBusy) {
      this.waiting.push({ data, isBinary });
      this.pause();
      return;
    }
    const read = readMessage(data, isBinary);
    if (typeof read === 'string') {
      this.answer(null, read);
      return;
    }
    // Another replica may know the channel already. Without an answer from Redis, what is known here counts.
    if (this.isUnknown(read)) {
      const known = this.options.declared.catchUp().catch(() => undefined);
      this.hold(known, () => this.tryAct(read, data.length));
    } else this.tryAct(read, data.length);
    // Who asks and does not listen is not read on.
    if (!this.hasRoom) this.pause();
  }

  private tryAct(read: ClientMessage, bytes: number): void {
    try {
      this.act(read, bytes);
    } catch (error) {
      this.refuse(read, error);
    }
  }

  private isUnknown({ channel }: ClientMessage): boolean {
    const isName = typeof channel === 'string' && channel !== '' && channel !== HEARTBEAT_CHANNEL;
    return isName && this.options.gateway.mounted.findStreamed(channel) === null;
  }

  /** @throws Ignored, FaultyInput */
  private act(given: ClientMessage, bytes: number): void {
    const { action, channel: name } = given;
    if (typeof name !== 'string' || name === '') throw new Ignored('a message names a channel');
    if (action !== 'subscribe' && action !== 'unsubscribe' && action !== 'send') {
      throw new Ignored('the action is subscribe, unsubscribe or send');
    }
    if (action === 'send') return this.send(given, this.channelOf(name), bytes);
    if (this.isClosed) return;
    if (name === HEARTBEAT_CHANNEL) this.setHeartbeat(action === 'subscribe');
    else if (action === 'subscribe') return this.subscribe(given, this.channelOf(name));
    else this.unsubscribe(given, this.channelOf(name));
    this.answer(given.ack, null);
  }

  /** @throws Ignored */
  private subscribe(given: ClientMessage, channel: Channel): void {
    const keys = this.readableKeys(channel, given.key);
    const { seq: withSeq, gaps: withGaps, since, latest } = given;
    const after = typeof since === 'string' ? parsePosition(since) : null;
    if (since !== undefined && after === null) throw new Ignored('since is the seq of a message');
    const newest = latestOf(latest);
    if (given.snapshot && !this.hasRoom) throw new Ignored('there is too much to be read before a snapshot');
    const { live } = this.options.gateway;
    this.forgetRemoved(channel);
    const known = this.subscriptions.get(channel.name);
    const isMoved = known === undefined || after !== null || newest > 0;
    const isNew = after === null && (isMoved || !known.has(keys ?? []));
    const begin = (end: EntryId | null): void => {
      if (!this.isServed(channel)) return this.answer(given.ack, `there is no channel "${channel.name}" any more`);
      const isBeyond = after !== null && end !== null && compareEntryIds(entryOfPosition(after), end) > 0;
      if (isBeyond && !withGaps) return this.answer(given.ack, `since "${after}" is beyond the last tick, "${end}"`);
      const subscription = this.subscriptionOf(channel, { withSeq, withGaps });
      subscription.choose(keys ?? []);
      if (given.snapshot) this.writeSnapshot(channel, keys);
      // A snapshot shows everything that was taken in; without one, what has ticked since it was asked for is new.
      const from = (isBeyond ? null : after) ?? (given.snapshot ? null : end) ?? live.view(channel).position;
      if (isBeyond) subscription.onReset({ after, next: from });
      if (isMoved) this.follow(subscription, from, newest);
      this.answer(given.ack, null, isMoved && withSeq ? { seq: from } : {});
    };
    // What any replica has accepted by now is not new, also where this one has not read it yet.
    if (given.snapshot || isNew || after !== null) this.hold(live.endOf(channel), begin);
    else begin(null);
  }

  private subscriptionOf(channel: Channel, { withSeq, withGaps }: Extras): Subscription {
    const known = this.subscriptions.get(channel.name);
    const subscription = known ?? new Subscription(channel, this, { withSeq, withGaps });
    subscription.extras = {
      withSeq: withSeq || subscription.extras.withSeq,
      withGaps: withGaps || subscription.extras.withGaps,
    };
    return subscription;
  }

  private follow(subscription: Subscription, after: EntryId, newest: number): void {
    const { name, keys } = subscription.channel;
    subscription.close();
    this.subscriptions.set(name, subscription);
    // The newest entries of a basket may have nothing of a key: there it is the keys that are thinned out.
    subscription.latestOfKeys = keys === null ? 0 : newest;
    const options = { after, ...(newest === 0 || keys !== null ? {} : { latest: newest }) };
    const { log, keys: logKeys, gateway } = this.options;
    const unwatch = gateway.live.view(subscription.channel).onRemoved(() => subscription.onRemoved());
    subscription.begin(log.follow(logKeys.stream(name), options, subscription), unwatch);
  }

  /** Goes on when something is known; what comes in meanwhile waits. */
  private hold<T>(until: Promise<T>, effect: (known: T) => void): void {
    this.isBusy = true;
    until.then(
      (known) => this.settle(() => effect(known)),
      (error: unknown) => this.settle(() => this.end(error as SluiceError)),
    );
  }

  private settle(effect: () => void): void {
    this.isBusy = false;
    if (!this.isClosed) effect();
    // Whoever sent and went away without listening has sent all the same.
    const { waiting } = this;
    this.waiting = [];
    for (const { data, isBinary } of waiting) this.take(data, isBinary);
    this.resume();
  }

  private unsubscribe({ key }: ClientMessage, channel: Channel): void {
    this.forgetRemoved(channel);
    const subscription = this.subscriptions.get(channel.name);
    const keys = this.namedKeys(channel, key);
    if (subscription === undefined) throw new Ignored(`there is no subscription of "${channel.name}"`);
    subscription.drop(keys ?? []);
    if (keys !== null && !subscription.isEmpty) return;
    subscription.close();
    this.subscriptions.delete(channel.name);
  }

  private send({ key, data, ack }: ClientMessage, channel: Channel, bytes: number): void {
    const { gateway, identity } = this.options;
    const name = this.sendableKey(channel, key);
    if (!isAllowed(identity, 'channel:write', channel, name)) throw new Ignored(`the credential does not allow that`);
    if (isEmpty(data)) throw new Ignored('there is no data to send');
    const release = this.received(bytes);
    this.sending += 1;
    this.sendingBytes += bytes;
    if (this.sending >= MAX_SENDS || this.sendingBytes >= MAX_SEND_BYTES) this.pause();
    const settle = (error: unknown): void => {
      this.sending -= 1;
      this.sendingBytes -= bytes;
      release();
      this.resume();
      this.answer(ack, error === null ? null : reasonOf(error));
    };
    gateway.send(channel, name, data).then(() => settle(null), settle);
  }

  /** @throws Ignored when all sockets together have sent more than is kept */
  private received(bytes: number): () => void {
    try {
      return this.options.intake.hold(bytes);
    } catch (error) {
      throw new Ignored(reasonOf(error));
    }
  }

  /** The one key to send to; null for a channel that is no basket. @throws Ignored */
  private sendableKey(channel: Channel, key: unknown): string | null {
    const { mounted } = this.options.gateway;
    if (mounted.application.mounts.stream?.readonly === true)
      throw new Ignored('this gateway takes nothing from sockets');
    if (!mounted.isSendable(channel)) throw new Ignored(`the channel "${channel.name}" is not sent to`);
    if (channel.keys !== null && key === undefined) throw new Ignored(`"${channel.name}" is a basket: name a key`);
    return this.namedKeys(channel, key)?.[0] ?? null;
  }

  /** Keys that a message means; null for a channel that has none. @throws Ignored */
  private namedKeys({ name, keys }: Channel, key: unknown): readonly string[] | null {
    if (keys === null) {
      if (key === undefined) return null;
      throw new Ignored(`"${name}" is no basket and has no keys`);
    }
    if (key === undefined) return [...keys.keys()];
    const found = [...keys.values()].find((one) => one.name === key || one.value === key);
    if (found === undefined) throw new Ignored(`the basket "${name}" has no such key`);
    return [found.name];
  }

  /** As {@link namedKeys}, those of them that may be read. @throws Ignored */
  private readableKeys(channel: Channel, key: unknown): readonly string[] | null {
    const { identity } = this.options;
    const named = this.namedKeys(channel, key);
    const readable = named?.filter((one) => isAllowed(identity, 'channel:read', channel, one)) ?? null;
    const isReadable = readable === null ? isAllowed(identity, 'channel:read', channel) : readable.length > 0;
    if (!isReadable) throw new Ignored('the credential does not allow that');
    return readable;
  }

  /** A subscription of a channel that was removed is none of the one that has its name now. */
  private forgetRemoved(channel: Channel): void {
    const known = this.subscriptions.get(channel.name);
    if (known === undefined || known.channel === channel) return;
    known.close();
    this.subscriptions.delete(channel.name);
  }

  private isServed(channel: Channel): boolean {
    return this.options.gateway.mounted.findStreamed(channel.name) === channel;
  }

  private channelOf(name: string): Channel {
    const channel = this.options.gateway.mounted.findStreamed(name);
    if (channel === null) throw new Ignored(`there is no channel "${name.slice(0, 100)}"`);
    return channel;
  }

  private writeSnapshot(channel: Channel, keys: readonly string[] | null): void {
    const view = this.options.gateway.live.view(channel);
    if (keys === null) {
      if (view.last !== '[]') this.write(textFrame(message(channel.name, '', view.last)));
      return;
    }
    for (const key of keys) {
      const json = view.lastOf(key);
      if (json !== '[]') this.write(textFrame(keyMessage(channel.name, key, json)));
    }
  }

  private setHeartbeat(isWanted: boolean): void {
    const { heartbeat } = this.options;
    if (!isWanted && !this.hasHeartbeat) throw new Ignored('there is no subscription of "heartbeat"');
    this.hasHeartbeat = isWanted;
    if (isWanted) heartbeat.add(this.heartbeatSink);
    else heartbeat.remove(this.heartbeatSink);
  }

  private refuse({ ack }: ClientMessage, error: unknown): void {
    if (!(error instanceof Ignored)) throw error;
    this.answer(ack, error.message);
  }

  /** Whoever asked is told; nobody else, as the clients of the original expect no such messages. */
  private answer(ack: ClientMessage['ack'], reason: string | null, more: { readonly seq?: string } = {}): void {
    if (ack === null && (reason === null || !this.options.tellsErrors)) return;
    const told = {
      ...(ack === null ? {} : { ack, ok: reason === null, ...more }),
      ...(reason === null ? {} : { error: reason }),
    };
    this.write(textFrame(JSON.stringify(told)));
    if (!this.hasRoom) this.pause();
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.options.connection.pause();
  }

  private resume(): void {
    const isSending = this.sending >= MAX_SENDS / 2 || this.sendingBytes >= MAX_SEND_BYTES / 2;
    if (!this.isPaused || this.isBusy || !this.hasRoom || isSending) return;
    this.isPaused = false;
    this.options.connection.resume();
  }

  private drained(): void {
    this.resume();
    for (const subscription of this.subscriptions.values()) subscription.resume();
  }

  private close(): void {
    this.isClosed = true;
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.subscriptions.clear();
    this.options.heartbeat.remove(this.heartbeatSink);
  }
}

function isEmpty(data: unknown): boolean {
  if (data === undefined || data === null) return true;
  return typeof data !== 'object' || Object.keys(data).length === 0;
}

/** @throws Ignored */
function latestOf(value: unknown): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_LATEST) return value as number;
  throw new Ignored(`latest is a number of ticks from 1 to ${MAX_LATEST}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 1_000) : String(error);
}
