/** A moment: a date, or an ISO text. */
export type Moment = Date | string;

/** What is asked of the past of a channel. */
export interface HistoryOptions {
  /** One key of a basket. */
  readonly key?: string;
  /** Both inclusive. */
  readonly start?: Moment;
  readonly end?: Moment;
  /** Records that are asked for at a time, in whole ticks. Default 1,000, at most 10,000. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/** What is asked with SQL. */
export interface SqlOptions {
  /** Values for `?` or `$1`. */
  readonly params?: readonly (string | number | boolean | null)[];
  /** Rows at the most, up to 10,000, which is the default. */
  readonly limit?: number;
  /** Of the history, both inclusive. */
  readonly start?: Moment;
  readonly end?: Moment;
  readonly signal?: AbortSignal;
}

/** What SQL found. */
export interface SqlResult<Row> {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Whole numbers of 64 bits are texts. */
  readonly rows: readonly Row[];
  /** There are more rows than the limit. */
  readonly truncated: boolean;
}

/** What SQL found, for programs that read Arrow. */
export interface SqlArrow {
  /** An Arrow IPC stream. */
  readonly bytes: Uint8Array;
  /** There are more rows than the limit. */
  readonly truncated: boolean;
}

/** As it is sent. */
export function momentText(moment: Moment | undefined): string | undefined {
  return moment instanceof Date ? moment.toISOString() : moment;
}

/** The body of a request for SQL. */
export function sqlBody(sql: string, { params, limit, start, end }: SqlOptions): object {
  return { sql, params, limit, start: momentText(start), end: momentText(end) };
}
