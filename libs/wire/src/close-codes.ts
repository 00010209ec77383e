/** WebSocket close codes that Sluice sends: RFC 6455 ones by their usual names, and two of our own. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  UNSUPPORTED_DATA: 1003,
  INVALID_PAYLOAD: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  INTERNAL_ERROR: 1011,
  TRY_AGAIN_LATER: 1013,
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
} as const;

/** A close code that Sluice sends. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Longest reason that fits into a close frame, in bytes of UTF-8. */
export const MAX_CLOSE_REASON_BYTES = 123;

/** A reason cut, at a character, to what a close frame can carry. */
export function closeReason(text: string): string {
  if (text.length * 3 <= MAX_CLOSE_REASON_BYTES) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_CLOSE_REASON_BYTES));
  return read === text.length ? text : text.slice(0, read);
}
