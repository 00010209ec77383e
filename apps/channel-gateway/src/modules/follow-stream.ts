import { type Entry, type Position, type PullTarget, type TokenSource } from '@sluice/sdk';
import { type GatewayModule, type ModuleRun } from '../sdk/module.js';
import { FollowedPositions } from './followed-positions.js';
import { named, type NamedOutput } from './named-channels.js';

export interface FollowStreamOptions {
  /** Default: `FollowStream[<channel>]`. */
  readonly name?: string;
  /** Address of the Sluice that has the stream: `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly token?: TokenSource;
  /** A stream of a device, several, or patterns: `host:cpu`, `cam*:video`. */
  readonly streams: PullTarget;
  /** Where to begin the first time: `$` now (default), `-` at the first entry, or after an id: that replays what the stream keeps. */
  readonly from?: Position;
  /** Channel that ticks. */
  readonly channel: string;
  /** What an entry ticks on the channel; null: nothing. What it throws is told as a failure with the entry, and the next one follows. */
  readonly decode: (entry: Entry) => object | null;
}

/** Entries that tick in one turn, and so in one write. */
const ENTRIES_A_TURN = 200;

/**
 * Makes records of the entries of streams, whatever is in them. How far it has come is kept with the records: each entry ticks once,
 * over lost connections, and wherever the modules go on. It begins anew with `from` when that, the address or the patterns
 * are changed. Entries that the stream has dropped before they came are told as a failure, as are positions of more than 10,000 streams,
 * which are not kept.
 */
export function followStream(options: FollowStreamOptions): GatewayModule {
  const { channel, name = `FollowStream[${channel}]` } = options;
  let output: NamedOutput | null = null;
  return {
    name,
    connect: (connector) => {
      output = named(connector).output(channel);
    },
    start: async (run) => {
      if (output !== null) await follow(options, output, run);
    },
  };
}

async function follow(
  { url, token, streams, from = '$', decode }: FollowStreamOptions,
  output: NamedOutput,
  run: ModuleRun,
): Promise<void> {
  // Only who follows a stream needs the client.
  const { Sluice } = await import('@sluice/sdk/node');
  const client = new Sluice({ url, token });
  const onGap = ({ stream, lost }: { readonly stream: string; readonly lost: number | null }): void =>
    run.failed(new Error(`"${stream}": ${lost ?? 'an unknown number of'} entries were dropped before they came`));
  const positions = new FollowedPositions(run);
  const { target, from: others } = positions.start({ url, streams, from });
  const pull = client.pull(target, { from: others, signal: run.signal, onGap });
  pull.ready.then(
    (begun) => positions.begin(begun),
    () => undefined,
  );
  try {
    for (;;) {
      const batch = await pull.nextBatch();
      if (batch === null) return;
      for (const [at, entry] of batch.entries()) {
        tickEntry(entry, decode, output, run);
        keepPosition(entry, positions, run);
        if (at % ENTRIES_A_TURN === ENTRIES_A_TURN - 1) await run.room();
      }
      await run.room();
    }
  } finally {
    client.destroy();
  }
}

function tickEntry(entry: Entry, decode: FollowStreamOptions['decode'], output: NamedOutput, run: ModuleRun): void {
  try {
    const value = decode(entry);
    if (value !== null) output.tick(value);
  } catch (error) {
    run.failed(error, { stream: entry.stream, entry: entry.id, bytes: entry.payload.length });
  }
}

function keepPosition({ stream, id }: Entry, positions: FollowedPositions, run: ModuleRun): void {
  try {
    positions.reach(stream, id);
  } catch (error) {
    run.failed(error, { stream, entry: id });
  }
}
