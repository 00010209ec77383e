/** How one refusal is told on each edge. */
export interface ErrorRule {
  /** HTTP status. */
  readonly status: number;
  /** WebSocket close code. */
  readonly closeCode: number;
  /** True when the same request may succeed later and repeating it cannot store anything twice. */
  readonly retryable: boolean;
  /** What it means, for the reader of the documents. */
  readonly meaning: string;
}

/** Every error code of Sluice: the only place that knows status numbers and close codes. */
export const ERRORS = {
  INVALID_PARAMETER: rule(400, 1008, 'A query parameter, path part or body field has a value that is not allowed.'),
  INVALID_NAME: rule(
    400,
    1008,
    'A stream, device, group or consumer name is empty, too long or has control characters.',
  ),
  INVALID_HEADER: rule(400, 1007, 'The header of a push is not one of the forms of the dialect.'),
  INVALID_OFFSETS: rule(400, 1007, 'Offsets of a push decrease, pass the end of the payload or leave bytes over.'),
  INVALID_FRAME: rule(400, 1007, 'A frame, a length-prefixed body or a payload to convert is cut short or malformed.'),
  MALFORMED_REQUEST: rule(400, 1008, 'What was sent is no HTTP request.'),
  INVALID_ID: rule(400, 1008, 'An entry id is not of the form <ms>-<seq>.'),
  CROSS_SLOT_NAME: rule(400, 1008, 'The name has braces that would put its keys into different slots of the cluster.'),
  WRONG_FRAME_TYPE: rule(400, 1003, 'A text frame came where a binary frame was due, or the reverse.'),
  UNAUTHENTICATED: rule(401, 4401, 'No valid credential was given.'),
  FORBIDDEN: rule(403, 4403, 'The credential does not allow this.'),
  FOREIGN_ORIGIN: rule(403, 1008, 'A web page of another origin, or a request for another host name, is not let in.'),
  NO_SOCKET_HERE: rule(403, 1008, 'No WebSocket is served at this path.'),
  NOT_FOUND: rule(404, 1008, 'Nothing is served at this path.'),
  STREAM_NOT_FOUND: rule(404, 1008, 'No stream has this name.'),
  GROUP_NOT_FOUND: rule(404, 1008, 'The stream has no consumer group of this name.'),
  USER_NOT_FOUND: rule(404, 1008, 'No user has this name.'),
  API_KEY_NOT_FOUND: rule(404, 1008, 'No API key has this name.'),
  RECORDING_NOT_FOUND: rule(404, 1008, 'No recording, or no file of one, has this name.'),
  METHOD_NOT_ALLOWED: rule(405, 1008, 'The path exists, the method does not.'),
  REQUEST_TIMEOUT: rule(408, 1008, 'The request did not arrive whole in time.'),
  ID_NOT_ABOVE_LAST: rule(409, 1008, 'An explicit entry id is not above the last id of its stream.'),
  WRONG_KEY_TYPE: rule(409, 1008, 'The key exists in Redis and is not a stream.'),
  NAME_TAKEN: rule(409, 1008, 'A user or an API key of this name exists already.'),
  DOCUMENT_EXISTS: rule(409, 1008, 'A recipe or a session has this id already.'),
  REVISION_CONFLICT: rule(409, 1008, 'The metadata was changed since the revision that the change expects.'),
  RECORDING_EXISTS: rule(409, 1008, 'A recording, or a file of one, has this name already.'),
  RECORDING_RUNS: rule(409, 1008, 'The recording is being recorded, which does not go together with the request.'),
  RECORDING_DAMAGED: rule(409, 1008, 'A file of a recording is not what it should be; the message names it.'),
  LAST_ADMIN: rule(409, 1008, 'The last user with the right admin cannot be removed, nor lose that right.'),
  IDEMPOTENCY_CONFLICT: rule(409, 1008, 'The idempotency key was used before with other entries.'),
  TRIMMED: rule(410, 1008, 'The entries asked for were trimmed.'),
  MESSAGE_TOO_LARGE: rule(413, 1009, 'A message or body passes the limit.'),
  UNSUPPORTED_MEDIA_TYPE: rule(415, 1003, 'The content type, framing or flag is not supported here.'),
  HEADERS_TOO_LARGE: rule(431, 1009, 'The address and headers of a request are too large.'),
  RANGE_NOT_SATISFIABLE: rule(416, 1008, 'The range begins behind the end of the file.'),
  RATE_LIMITED: retryable(429, 1013, 'The client passed a rate limit; the message names it.'),
  QUOTA_EXCEEDED: rule(429, 1013, 'A quota of the user or of the whole system is used up; the message names it.'),
  INTERNAL: rule(500, 1011, 'A fault of Sluice itself; the log has the details under the request id.'),
  PARTIAL_APPEND: rule(500, 1011, 'Some entries were stored and others not; the details name the result of each.'),
  LOG_UNAVAILABLE: retryable(503, 1013, 'Redis cannot be reached; nothing was written.'),
  OUTCOME_UNKNOWN: rule(503, 1011, 'The write was sent and its reply lost: it may be stored or not.'),
  DURABILITY_NOT_MET: rule(503, 1011, 'The entry is stored, but the promised durability was not confirmed.'),
  SERVICE_UNAVAILABLE: retryable(503, 1013, 'The service that owns this path does not answer; the message names it.'),
  OVERLOADED: retryable(
    503,
    1013,
    'The service has no memory left for what is asked, or for a reader that takes nothing.',
  ),
  SHUTTING_DOWN: retryable(503, 1001, 'The service is stopping; connect again.'),
  DISK_FULL: retryable(507, 1013, 'The disk of recordings has no room left.'),
  LOG_FULL: retryable(507, 1013, 'Redis has no memory left; nothing was written.'),
} as const satisfies Record<string, ErrorRule>;

/** Name of one refusal; stable, for programs. */
export type ErrorCode = keyof typeof ERRORS;

/** Facts beside the message, as JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The one error of Sluice: thrown where the fact is known, turned into a reply at the edge. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  /**
   * @param message names the thing and the value, and may be shown to the client
   * @param options `cause` is for the log only; `details` is shown to the client
   */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** WebSocket close code of the code. */
  get closeCode(): number {
    return ERRORS[this.code].closeCode;
  }

  /** Whether repeating the request may help and cannot store anything twice. */
  get isRetryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Whether a text is one of the codes, for clients that read error bodies. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERRORS, text);
}

function rule(status: number, closeCode: number, meaning: string): ErrorRule {
  return { status, closeCode, retryable: false, meaning };
}

function retryable(status: number, closeCode: number, meaning: string): ErrorRule {
  return { status, closeCode, retryable: true, meaning };
}
