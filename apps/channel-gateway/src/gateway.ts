import { type ChannelWriter } from './channels/channel-writer.js';
import { type LiveChannels } from './channels/live-channels.js';
import { type Mounted } from './channels/mounted.js';
import { type Channel } from './engine/catalogue.js';
import { type Making } from './records/record-type.js';
import { type ModuleRunner } from './running/module-runner.js';
import { type Stages } from './staging/stages.js';
import { type States } from './state/states.js';
import { type ReadTicks, readTicks, readWholeBasket } from './sending/read-ticks.js';

export interface GatewayParts {
  readonly mounted: Mounted;
  readonly live: LiveChannels;
  readonly states: States;
  readonly stages: Stages;
  readonly writer: ChannelWriter;
  readonly runner: ModuleRunner;
  readonly making: Making;
  readonly maxSendRecords: number;
}

/** The running application: what is served, what is known of it, and how it is written to. Injectable. */
export class Gateway {
  readonly mounted: Mounted;
  readonly live: LiveChannels;
  readonly states: States;
  readonly stages: Stages;
  readonly runner: ModuleRunner;
  readonly making: Making;
  private readonly writer: ChannelWriter;

  constructor(private readonly parts: GatewayParts) {
    this.mounted = parts.mounted;
    this.live = parts.live;
    this.states = parts.states;
    this.stages = parts.stages;
    this.runner = parts.runner;
    this.making = parts.making;
    this.writer = parts.writer;
  }

  /**
   * Reads what a client sends to a channel, or a key of it, and ticks it; resolves with the JSON list of the records when the log has them.
   * @throws FaultyInput, SluiceError
   */
  async send(channel: Channel, key: string | null, input: unknown): Promise<string> {
    return this.tick(channel, readTicks(channel, key, input, this.reading));
  }

  /** As {@link send}, for several keys of a basket in one tick. */
  async sendBasket(channel: Channel, input: unknown): Promise<string> {
    return this.tick(channel, readWholeBasket(channel, input, this.reading));
  }

  private get reading(): { making: Making; maxRecords: number; loc: readonly string[] } {
    return { making: this.making, maxRecords: this.parts.maxSendRecords, loc: ['body'] };
  }

  private async tick(channel: Channel, { payloads, json }: ReadTicks): Promise<string> {
    await this.writer.tick(channel, payloads);
    return json;
  }
}
