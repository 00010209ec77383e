import { SluiceError } from '@sluice/contracts';
import { averageBytes, type LogEntry, type StreamFacts, type StreamLog } from '@sluice/stream-log';

/** The first or the last entry of a stream. */
export interface Edge {
  readonly key: string;
  readonly isLast: boolean;
  readonly facts: StreamFacts | SluiceError;
}

/** Payload bytes that one answer holds, about. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Payload bytes that are asked of Redis at a time, about. */
const BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BATCH = 1_000;

/** Reads first and last entries of streams, some at a time, as long as they fit into one answer. */
export class EdgeEntries {
  private bytes = 0;

  constructor(private readonly log: StreamLog) {}

  /**
   * In order; null where there is none, an error where the answer is full.
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async read(edges: readonly Edge[]): Promise<(LogEntry | null | SluiceError)[]> {
    const results: (LogEntry | null | SluiceError)[] = [];
    for (let at = 0; at < edges.length;) {
      const end = batchEnd(edges, at);
      results.push(...(await Promise.all(edges.slice(at, end).map((edge) => this.readOne(edge)))));
      at = end;
    }
    return results;
  }

  private async readOne({ key, isLast, facts }: Edge): Promise<LogEntry | null | SluiceError> {
    if (facts instanceof SluiceError || facts.length === 0) return null;
    if (this.bytes > MAX_ANSWER_BYTES) {
      return new SluiceError(
        'MESSAGE_TOO_LARGE',
        `the answer would hold more than ${MAX_ANSWER_BYTES} bytes of entries`,
      );
    }
    const [entry] = await this.log.reader.range(key, { start: '-', end: '+', reverse: isLast, count: 1 });
    this.bytes += entry?.payload.length ?? 0;
    return entry ?? null;
  }
}

function batchEnd(edges: readonly Edge[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < edges.length && end - start < MAX_BATCH && bytes < BATCH_BYTES) {
    const known = edges[end]?.facts;
    if (known !== undefined && !(known instanceof SluiceError)) bytes += averageBytes(known);
    end += 1;
  }
  return end;
}
