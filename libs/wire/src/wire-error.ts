/** What a parser of this library can find wrong; each is also a code of `@sluice/contracts`. */
export type WireErrorCode =
  'INVALID_HEADER' | 'INVALID_OFFSETS' | 'INVALID_ID' | 'INVALID_NAME' | 'INVALID_FRAME' | 'MESSAGE_TOO_LARGE';

/**
 * The only error thrown by the parsers and encoders of this library. The message names the thing and the value and is
 * meant to be shown to the sender of the bytes.
 */
export class WireError extends Error {
  override readonly name = 'WireError';

  constructor(
    readonly code: WireErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const MAX_QUOTED_CHARS = 60;

/** A value as it may stand in an error message: JSON, cut to a length that a log line bears. */
export function quoteValue(value: unknown): string {
  const text = toJson(typeof value === 'string' ? value.slice(0, MAX_QUOTED_CHARS + 1) : value);
  return text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Parsed JSON may be nested deeper than JSON.stringify can walk.
    return `a deeply nested ${typeof value}`;
  }
}
