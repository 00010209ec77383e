const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
/** Control characters besides tab and line ends: not text, and not for a terminal, which may obey them. */
const HAS_CONTROLS = /[^\P{Cc}\t\n\r]/u;
const MAX_PREVIEW_CHARS = 160;

/** `12345` as `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Bytes in the unit that keeps the number short. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A rate with as many digits as mean something. */
export function formatRate(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? `${formatCount(perSecond)}/s` : `${perSecond.toFixed(1)}/s`;
}

/** Milliseconds as a duration that a person reads. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(1)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}

/** The text of a payload, or null when its bytes are not text. */
export function payloadText(payload: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
    return HAS_CONTROLS.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** A payload on one line of a terminal: its text, or its first bytes in hexadecimal. */
export function previewPayload(payload: Uint8Array): string {
  const head = payload.subarray(0, MAX_PREVIEW_CHARS * 4);
  const text = payload.length > head.length ? null : payloadText(head);
  if (text === null) {
    const hex = Buffer.from(payload.subarray(0, 16)).toString('hex');
    return `<${formatBytes(payload.length)}: ${hex}${payload.length > 16 ? '…' : ''}>`;
  }
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > MAX_PREVIEW_CHARS ? `${flat.slice(0, MAX_PREVIEW_CHARS)}…` : flat;
}

/** Rows of text as columns; numbers stand at the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], rightFrom = 1): string[] {
  const all = [head, ...rows];
  const widths = head.map((_cell, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        column >= rightFrom ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
