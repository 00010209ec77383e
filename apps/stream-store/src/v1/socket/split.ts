import { type LogEntry } from '@sluice/stream-log';

/** Cuts entries into runs of at most so many payload bytes; a larger entry stands alone. */
export function splitByBytes(
  entries: readonly LogEntry[],
  totalBytes: number,
  maxBytes: number,
): readonly (readonly LogEntry[])[] {
  if (totalBytes <= maxBytes) return [entries];
  const runs: LogEntry[][] = [];
  let run: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (run.length > 0 && bytes + entry.payload.length > maxBytes) {
      runs.push(run);
      run = [];
      bytes = 0;
    }
    run.push(entry);
    bytes += entry.payload.length;
  }
  runs.push(run);
  return runs;
}
