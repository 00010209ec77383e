import { type ChannelTick, type TokenSource } from '@sluice/sdk';
import { type ChannelShape, type GatewayModule, type ModuleRun, type Selection } from '../sdk/module.js';
import { MirrorPositions } from './mirror-positions.js';
import { named, type NamedChannels, type NamedOutput, readTick } from './named-channels.js';

export interface MirrorOptions {
  /** Default: `Mirror[<url>]`. */
  readonly name?: string;
  /** Address of the gateway whose channels are mirrored. */
  readonly url: string;
  readonly token?: TokenSource;
  /** Channels that both gateways have. Default: every channel of this one. */
  readonly selection?: Selection;
  /** Give every record a new id and a new timestamp. Default: those of the other gateway are kept. */
  readonly forceNew?: boolean;
}

interface Target {
  readonly channels: NamedChannels;
  readonly outputs: ReadonlyMap<string, { readonly output: NamedOutput; readonly shape: ChannelShape }>;
}

/**
 * Ticks what channels of the same names tick on another gateway, beginning with their last ticks the first time. How far it has come is
 * kept with what ticked: over lost connections, and wherever the modules go on, each tick comes once; ticks that the other one no longer has by then are told as a failure. So are records that this one refuses.
 */
export function mirrorChannels(options: MirrorOptions): GatewayModule {
  const { url, selection, name = `Mirror[${url}]` } = options;
  let target: Target | null = null;
  return {
    name,
    connect: (connector) => {
      const channels = named(connector);
      const chosen = channels.choose(selection).map((one) => {
        return [one, { output: channels.output(one), shape: channels.describe(one) }] as const;
      });
      target = { channels, outputs: new Map(chosen) };
    },
    start: async (run) => {
      if (target !== null) await mirror(options, target, run);
    },
  };
}

async function mirror({ url, token, forceNew = false }: MirrorOptions, target: Target, run: ModuleRun): Promise<void> {
  const { ChannelsClient } = await import('@sluice/sdk');
  const positions = new MirrorPositions(run);
  const stream = new ChannelsClient({ url, token }).stream([...target.outputs.keys()], {
    signal: run.signal,
    snapshot: true,
    since: positions.start(url, target.outputs.keys()),
    onNotice: (notice) =>
      run.failed(new Error(`ticks of "${notice.channel}" were dropped before they came`), { ...notice }),
  });
  stream.ready.then(
    (begun) => positions.begin(begun),
    () => undefined,
  );
  for await (const tick of stream) {
    const { channel, seq, key } = tick;
    if (seq !== null && positions.isRepeated(channel, seq)) continue;
    await run.room();
    tickHere(tick, target, forceNew, run);
    if (seq !== null) positions.reach(channel, seq, key === null);
  }
}

function tickHere(tick: ChannelTick, { channels, outputs }: Target, forceNew: boolean, run: ModuleRun): void {
  const { channel, key, records } = tick;
  const found = outputs.get(channel);
  if (found === undefined) return;
  const values = found.shape.isList ? [records] : records;
  for (const value of values) {
    try {
      found.output.tick(readTick(channels, channel, key === null ? value : { [key]: value }, forceNew));
    } catch (error) {
      run.failed(error, { [channel]: value });
    }
  }
}
