import { Injectable } from '@nestjs/common';
import { Metrics } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { Counter, Gauge, type Registry } from 'prom-client';
import { CHANNELS, StoreMetrics, lagMs, type Channel, type SocketKind } from './store-metrics.js';

const REDIS_ANSWER_MS = 500;
const KINDS: readonly SocketKind[] = ['push', 'pull', 'v1'];

/** Every metric of the stream store by name. Figures are read when somebody asks for them, not when they change. */
@Injectable()
export class StorePrometheus {
  private readonly registry: Registry;

  constructor(
    kit: Metrics,
    private readonly store: StoreMetrics,
    private readonly log: StreamLog,
  ) {
    this.registry = kit.registry;
    this.perChannel('sluice_store_entries_in_total', 'Entries that clients pushed', (c) => store.ingest[c].entries);
    this.perChannel('sluice_store_bytes_in_total', 'Payload bytes that clients pushed', (c) => store.ingest[c].bytes);
    this.perChannel('sluice_store_entries_out_total', 'Entries sent to readers', (c) => store.follow[c].entries);
    this.perChannel('sluice_store_bytes_out_total', 'Payload bytes sent to readers', (c) => store.follow[c].bytes);
    this.perChannel('sluice_store_gaps_total', 'Times a reader fell behind the log', (c) => store.follow[c].gaps);
    this.perChannel(
      'sluice_store_trimmed_unread_total',
      'Entries trimmed before a reader got them',
      (c) => store.follow[c].trimmedUnread,
    );
    this.perChannel('sluice_store_resets_total', 'Followed streams that were made anew', (c) => store.follow[c].resets);
    this.refusals();
    this.sockets();
    this.followers();
    this.redis();
  }

  private perChannel(name: string, help: string, read: (channel: Channel) => number): void {
    const metric = new Counter({
      name,
      help,
      labelNames: ['channel'],
      registers: [],
      collect() {
        this.reset();
        for (const channel of CHANNELS) this.inc({ channel }, read(channel));
      },
    });
    this.registry.registerMetric(metric);
  }

  private refusals(): void {
    const { refused } = this.store;
    const metric = new Counter({
      name: 'sluice_store_refused_pushes_total',
      help: 'Pushes refused, by error code',
      labelNames: ['code'],
      registers: [],
      collect() {
        this.reset();
        for (const [code, count] of refused) this.inc({ code }, count);
      },
    });
    this.registry.registerMetric(metric);
  }

  private sockets(): void {
    const { openSockets } = this.store;
    const metric = new Gauge({
      name: 'sluice_store_open_sockets',
      help: 'WebSockets open now, by kind',
      labelNames: ['kind'],
      registers: [],
      collect() {
        for (const kind of KINDS) this.set({ kind }, openSockets[kind]);
      },
    });
    this.registry.registerMetric(metric);
  }

  private followers(): void {
    const follow = Object.values(this.store.follow);
    const sum = (read: (metrics: (typeof follow)[number]) => number): number =>
      follow.reduce((total, metrics) => total + read(metrics), 0);
    this.gauge('sluice_store_followers', 'Followers of streams now', () => sum((metrics) => metrics.followers));
    this.gauge('sluice_store_slow_followers', 'Followers paused because their client takes too little', () =>
      sum((metrics) => metrics.paused.size),
    );
    this.gauge('sluice_store_follower_lag_seconds', 'Age of the oldest position of a slow follower', () =>
      Math.max(...follow.map((metrics) => lagMs(metrics.paused, Date.now()) / 1000)),
    );
    this.gauge('sluice_store_followed_streams', 'Streams followed now', () => this.log.stats().streams);
    this.gauge(
      'sluice_store_lagging_followers',
      'Followers that read the log behind its end',
      () => this.log.stats().slowFollowers,
    );
  }

  private redis(): void {
    const { log } = this;
    this.gauge('sluice_store_inflight_bytes', 'Bytes on their way to Redis', () => log.inflightBytes);
    const metric = new Gauge({
      name: 'sluice_store_redis_up',
      help: '1 while every Redis node answers',
      registers: [],
      async collect() {
        this.set((await answersSoon(() => log.assertReachable())) ? 1 : 0);
      },
    });
    this.registry.registerMetric(metric);
  }

  private gauge(name: string, help: string, read: () => number): void {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    });
    this.registry.registerMetric(metric);
  }
}

/** Whether Redis answers in time: the metrics are most wanted when it does not. */
async function answersSoon(ask: () => Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), REDIS_ANSWER_MS);
  const answered = ask().then(
    () => true,
    () => false,
  );
  const answers = await Promise.race([answered, late.promise]);
  clearTimeout(timer);
  return answers;
}
