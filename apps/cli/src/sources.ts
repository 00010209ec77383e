import { type Entry, type Notice, type PullTarget } from '@sluice/sdk';
import { UsageError } from './exit.js';
import { formatCount } from './format.js';
import { type Session } from './session.js';

/** Which entries a command reads. */
export interface SourceOptions {
  readonly from: string;
  readonly latest?: boolean | undefined;
  readonly maxFps?: number | undefined;
  readonly rest?: boolean | undefined;
  /** Read glob patterns and not names. */
  readonly isPattern?: boolean | undefined;
}

const REST_COUNT = 100;
const REST_BLOCK_MS = 5000;

/** Entries of streams as they come, over WebSocket or REST; ends when the session is asked to end. */
export async function openSource(
  session: Session,
  sids: readonly string[],
  options: SourceOptions,
): Promise<AsyncIterable<Entry>> {
  if (options.rest === true) {
    const [sid] = sids;
    if (sid === undefined || sids.length > 1 || options.isPattern === true) {
      throw new UsageError('--rest reads one stream: use WebSocket (no --rest) for several and for patterns');
    }
    return pollEntries(session, sid, options);
  }
  const names = options.isPattern === true ? [] : sids.map((sid) => session.name(sid).key);
  await session.sluice.connect();
  const target: PullTarget = options.isPattern === true ? { patterns: sids } : names;
  const pull = session.sluice.pull(target, {
    from: options.from,
    latest: options.latest === true,
    maxFps: options.maxFps ?? 0,
    signal: session.signal,
    onGap: (gap) => session.note(describeGap(gap)),
    onReset: ({ stream }) => session.note(`sluice: ${stream} was deleted and made anew; reading it from its start`),
  });
  await pull.ready;
  return pull;
}

function describeGap({ stream, after, next, lost }: Notice): string {
  const count = lost === null ? 'entries' : `${formatCount(lost)} entries`;
  return `sluice: ${count} of ${stream} after ${after} were trimmed before they could be read; going on at ${next ?? 'the next one'}`;
}

async function* pollEntries(
  session: Session,
  sid: string,
  options: SourceOptions,
): AsyncGenerator<Entry, void, undefined> {
  const { key, device, stream } = session.name(sid);
  let lastEntryId = options.from;
  const intervalMs = options.maxFps === undefined || options.maxFps === 0 ? 0 : 1000 / options.maxFps;
  while (!session.signal.aborted) {
    const startedAt = performance.now();
    const page = await session.sluice.streamer
      .get(stream, {
        device,
        lastEntryId,
        latest: options.latest,
        count: options.latest === true ? 1 : REST_COUNT,
        block: REST_BLOCK_MS,
        signal: session.signal,
      })
      .catch((error: unknown) => {
        if (session.signal.aborted) return null;
        throw error;
      });
    if (page === null) return;
    ({ lastEntryId } = page);
    for (const entry of page.entries) yield { ...entry, stream: key };
    const waitMs = intervalMs - (performance.now() - startedAt);
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
