import { type ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { compareEntryIds, type EntryId } from '@sluice/wire';
import { basketLists } from '../channels/payloads.js';
import { type Channel } from '../engine/catalogue.js';
import { ChannelConfig } from '../config.js';
import { Gateway } from '../gateway.js';
import { ApiError } from './api-errors.js';

export interface WaitOptions {
  /** Id of a record; the tick after the one that holds it is the next one, also when it was before now. */
  readonly after: string | null;
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null;
  /** Its end ends the waiting. */
  readonly response: ServerResponse;
}

type Json = string | Uint8Array;

const EMPTY = '[]';
const PAGE = 500;

/** Requests that wait for the next tick of a channel. Each costs a function in a set. */
@Injectable()
export class NextTicks {
  private waiting = 0;
  private isReleased = false;

  constructor(
    private readonly gateway: Gateway,
    private readonly config: ChannelConfig,
  ) {}

  /** How many wait. */
  get count(): number {
    return this.waiting;
  }

  /** Answers everybody with nothing, because the service stops. */
  release(): void {
    this.isReleased = true;
    this.gateway.live.releaseWaiters();
  }

  /** The JSON list of the first tick after everything that was accepted before. @throws ApiError 404 for an unknown `after` */
  async wait(channel: Channel, key: string | null, options: WaitOptions): Promise<Json> {
    if (this.waiting >= this.config.maxWaiters) {
      throw new SluiceError('RATE_LIMITED', `${this.waiting} requests wait for a next tick, as many as may`);
    }
    this.waiting += 1;
    try {
      return await this.waitFor(channel, key, options);
    } finally {
      this.waiting -= 1;
    }
  }

  private async waitFor(
    channel: Channel,
    key: string | null,
    { after, timeoutMs, response }: WaitOptions,
  ): Promise<Json> {
    const { live } = this.gateway;
    const asked = await live.endOf(channel);
    const view = live.view(channel);
    if (this.isReleased || view.isClosed) return EMPTY;
    const answer = Promise.withResolvers<Json>();
    const end = view.waiters.add(key, answer.resolve);
    const giveUp = (): void => answer.resolve(EMPTY);
    const timer = timeoutMs === null ? null : setTimeout(giveUp, timeoutMs);
    response.once('close', giveUp);
    try {
      // Waiting has begun: a tick that comes while the log is looked at is not missed.
      const from = after === null ? asked : await this.placeOf(channel, after);
      // A replica that was behind may have taken in more than there was when it was asked.
      const isPast = after !== null || compareEntryIds(view.position, asked) > 0;
      const past = isPast ? await this.findBehind(channel, key, from) : null;
      return past ?? (await answer.promise);
    } finally {
      end();
      if (timer !== null) clearTimeout(timer);
      response.off('close', giveUp);
    }
  }

  /** Where a record ticked. @throws ApiError 404 */
  private async placeOf(channel: Channel, id: string): Promise<EntryId> {
    const place = await this.gateway.live.placeOn(channel, id);
    if (place === null) throw new ApiError(404, `No GatewayStruct found with id: ${id}`);
    return place.entryId;
  }

  /** The first tick in the log behind a place; null when there is none yet. */
  private async findBehind(channel: Channel, key: string | null, place: EntryId): Promise<Json | null> {
    const { live } = this.gateway;
    if (channel.keys !== null && key === null) {
      const [entry] = await live.read(channel, place, 1);
      return entry === undefined ? null : live.view(channel).last;
    }
    for (let from = place; ;) {
      const entries = await live.read(channel, from, key === null ? 1 : PAGE);
      for (const { payload } of entries) {
        const json = key === null ? payload : basketLists(payload).find(([one]) => one === key)?.[1];
        if (json !== undefined) return json;
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE) return null;
      from = last.id;
    }
  }
}
