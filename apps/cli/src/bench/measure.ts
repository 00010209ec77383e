import { setTimeout as delay } from 'node:timers/promises';
import { type Sluice } from '@sluice/sdk';
import { Pace } from '../pace.js';
import { type Session } from '../session.js';

/** What is measured. */
export interface BenchPlan {
  /** Names of streams begin so. */
  readonly base: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly streams: number;
  readonly followers: number;
  /** Entries a second for the latency. */
  readonly rate: number;
  readonly packed: boolean;
}

/** Entries in a time. */
export interface Rate {
  readonly entries: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Trimmed before the readers had them. */
  readonly lost?: number;
}

/** Times from push to pull. */
export interface Latency {
  readonly entries: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Readers that have not had everything by then are not waited for. */
const CATCH_UP_MS = 10_000;

/** Pushes to all streams until the time is up; resolves when everything is acknowledged. */
async function pushFor(session: Session, plan: BenchPlan, seconds: number): Promise<Rate> {
  const payload = new Uint8Array(plan.bytes).fill(120);
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  const pushed = await Promise.all(
    Array.from({ length: plan.streams }, async (_, index) => {
      const pusher = session.sluice.pusher(`${plan.base}-${index}`, plan.packed ? { packed: true } : {});
      // The clock is read now and then only: the loop is to be bounded by the server.
      while (performance.now() < endAt && !session.signal.aborted) {
        for (let count = 0; count < 64; count++) await pusher.push(payload);
      }
      await pusher.flush();
      return pusher.appendedCount;
    }),
  );
  const entries = pushed.reduce((sum, count) => sum + count, 0);
  return { entries, bytes: entries * plan.bytes, seconds: (performance.now() - startedAt) / 1000 };
}

/** Rate of acknowledged pushes, many under way. */
export function measurePush(session: Session, plan: BenchPlan): Promise<Rate> {
  return pushFor(session, plan, plan.seconds);
}

/** Rate of deliveries to all followers while as much is pushed as goes. */
export async function measureDelivery(session: Session, plan: BenchPlan): Promise<Rate> {
  const clients: Sluice[] = [];
  let received = 0;
  let lost = 0;
  let lastAt = 0;
  try {
    const readers = await Promise.all(
      Array.from({ length: plan.streams * plan.followers }, async (_, index) => {
        const client = session.connectAnother();
        clients.push(client);
        const pull = client.pull(`${plan.base}-${index % plan.streams}`, { onGap: (gap) => (lost += gap.lost ?? 0) });
        await pull.ready;
        return pull;
      }),
    );
    for (const reader of readers) {
      void (async () => {
        for (let batch = await reader.nextBatch(); batch !== null; batch = await reader.nextBatch()) {
          received += batch.length;
          lastAt = performance.now();
        }
      })().catch(() => undefined);
    }
    const startedAt = performance.now();
    const pushed = await pushFor(session, plan, plan.seconds);
    const deadline = performance.now() + CATCH_UP_MS;
    while (received + lost < pushed.entries * plan.followers && performance.now() < deadline) await delay(1);
    return { entries: received, bytes: received * plan.bytes, seconds: (lastAt - startedAt) / 1000, lost };
  } finally {
    for (const client of clients) client.destroy();
  }
}

/** Times from push to pull at a steady rate. */
export async function measureLatency(session: Session, plan: BenchPlan): Promise<Latency> {
  const stream = `${plan.base}-0`;
  const pull = session.sluice.pull(stream);
  await pull.ready;
  const timesMs: number[] = [];
  const reading = (async () => {
    for await (const { payload } of pull) {
      timesMs.push(performance.now() - Buffer.from(payload.buffer, payload.byteOffset, 8).readDoubleBE());
    }
  })();
  const pusher = session.sluice.pusher(stream);
  const pace = new Pace(plan.rate, session.signal);
  const endAt = performance.now() + plan.seconds * 1000;
  let pushed = 0;
  for (; performance.now() < endAt && !session.signal.aborted; pushed++) {
    const payload = Buffer.alloc(plan.bytes);
    payload.writeDoubleBE(performance.now());
    await pusher.push(payload);
    await pace.next();
  }
  await pusher.flush();
  const deadline = performance.now() + CATCH_UP_MS;
  while (timesMs.length < pushed && performance.now() < deadline) await delay(1);
  pull.close();
  await reading;
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.min(timesMs.length - 1, Math.floor(timesMs.length * share))] ?? 0;
  return { entries: timesMs.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
