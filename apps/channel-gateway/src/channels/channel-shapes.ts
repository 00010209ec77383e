import { type LogEntry, type RedisCommands } from '@sluice/stream-log';
import { BuildError } from '../engine/build-error.js';
import { type Channel } from '../engine/catalogue.js';
import { type ChannelKeys } from './channel-keys.js';
import { isTickOfBasket } from './payloads.js';

/** What a tick of a channel is, as it is kept and as it is told. */
const SHAPES = {
  record: 'a channel of single records',
  list: 'a channel of lists',
  basket: 'a basket',
  'basket of lists': 'a basket of lists',
} as const;

type Shape = keyof typeof SHAPES;

/**
 * Remembers what the ticks of each channel are: those that the log holds cannot be read as others. A list of one record looks as a
 * record does, so that the log alone does not say it.
 */
export class ChannelShapes {
  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /**
   * Keeps the shapes of an application's channels.
   * @param newest last entry of each channel; a channel without one may be of any shape
   * @throws BuildError naming a channel that ticked in another one, SluiceError LOG_UNAVAILABLE
   */
  async keep(newest: ReadonlyMap<Channel, LogEntry | undefined>): Promise<void> {
    const channels = [...newest.keys()];
    if (channels.length === 0) return;
    const subject = 'shapes of channels';
    const names = channels.map(({ name }) => name);
    const known = await this.commands.run({ name: 'HMGET', args: [this.keys.shapes, ...names], subject });
    channels.forEach((channel, at) =>
      assertShape(channel, newest.get(channel), (known as (string | null)[])[at] ?? null),
    );
    const kept = channels.flatMap((channel) => [channel.name, shapeOf(channel)]);
    await this.commands.run({ name: 'HSET', args: [this.keys.shapes, ...kept], subject });
  }
}

function assertShape(channel: Channel, newest: LogEntry | undefined, kept: string | null): void {
  if (newest === undefined) return;
  const is = shapeOf(channel);
  const wasBasket = isTickOfBasket(newest.payload);
  // The log knows better whether it was a basket: it may have been made anew since.
  const was = kept !== null && isBasket(kept as Shape) === wasBasket ? (kept as Shape) : null;
  if (was === null ? isBasket(is) === wasBasket : is === was) return;
  const told = was === null ? (wasBasket ? SHAPES.basket : 'no basket') : SHAPES[was];
  throw new BuildError(
    `channel "${channel.name}" is ${SHAPES[is]}, and was ${told} when it ticked last: call it something else, or give the application another name (SLUICE_CHANNEL_GATEWAY_APPLICATION)`,
  );
}

function isBasket(shape: Shape): boolean {
  return shape === 'basket' || shape === 'basket of lists';
}

function shapeOf({ declaration: { isList }, keys }: Channel): Shape {
  if (keys === null) return isList ? 'list' : 'record';
  return isList ? 'basket of lists' : 'basket';
}
