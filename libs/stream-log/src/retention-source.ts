/** What a writer asks before it trims. */
export interface RetentionSource {
  /** True when every XADD carries the bound (`REDIS_STREAM_MAXLEN`); false: once per stream and event-loop turn is enough. */
  readonly trimsEveryEntry: boolean;
  /** The `MAXLEN ~` of the next write, or -1 for no bound. Synchronous, never does I/O. */
  maxLenFor(key: string, window: { readonly entryCount: number; readonly byteCount: number }): number;
}
