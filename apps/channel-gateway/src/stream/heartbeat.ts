import { textFrame } from '@sluice/service-kit';

/** A name that sockets can subscribe to beside the channels. */
export const HEARTBEAT_CHANNEL = 'heartbeat';

const PING = textFrame(JSON.stringify({ channel: HEARTBEAT_CHANNEL, data: 'PING' }));
const DEFAULT_PERIOD_MS = 1_000;

/** Who gets heartbeats. */
export interface HeartbeatSink {
  /** False: the socket takes nothing now, and this one is left out. */
  write(frame: readonly Uint8Array[]): void;
}

/** One timer for all sockets that want to hear that the connection lives. */
export class StreamHeartbeat {
  private readonly sinks = new Set<HeartbeatSink>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly periodMs = DEFAULT_PERIOD_MS) {}

  start(): void {
    this.timer = setInterval(() => {
      for (const sink of this.sinks) sink.write(PING);
    }, this.periodMs);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  add(sink: HeartbeatSink): void {
    this.sinks.add(sink);
  }

  remove(sink: HeartbeatSink): void {
    this.sinks.delete(sink);
  }
}
