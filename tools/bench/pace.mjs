import { PushMessages } from './frames.mjs';
import { openPuller, v1Protocol } from './pullers.mjs';
import { Socket } from './socket.mjs';

const tickMs = 1;
const warmUpMs = 500;
const drainMs = 5_000;

/**
 * `rate` entries a second in steady steps of a millisecond, over `streams` in turn, pushed by one connection and pulled by
 * another (or, for an echo, by the same). Times every entry when there is one stream.
 */
export class Pace {
  #job;
  #pusher;
  #puller;
  #messages;
  #sent = 0;
  #seen = 0;
  #sentAt = [];
  #latenciesMs = [];
  #startedAt = 0;
  #failed = Promise.withResolvers();
  #drained = Promise.withResolvers();

  constructor(job) {
    this.#job = job;
    const tags = { last: 0 };
    const { payloadBytes, push } = job;
    this.#messages = job.streams.map((stream) => new PushMessages({ ...push, stream, payloadBytes }, tags));
    this.#failed.promise.catch(() => {});
  }

  get #total() {
    return Math.floor(this.#job.seconds * this.#job.rate);
  }

  async open() {
    const { port, push, pull, payloadBytes } = this.#job;
    const hooks = { onData: () => this.#onData(), onFailure: (error) => this.#failed.reject(error) };
    if (pull) this.#puller = await openPuller({ ...pull, port, entryBytes: payloadBytes }, hooks);
    const protocol = push.encoding === 'v1' ? v1Protocol : undefined;
    const onText = (text) => JSON.parse(text).error && hooks.onFailure(new Error(text));
    this.#pusher = await Socket.open({ ...push, port, protocol, entryBytes: payloadBytes }, { ...hooks, onText });
    this.#puller ??= this.#pusher;
  }

  /** Resolves with `{ pushed, delivered, seconds, p50Ms, p99Ms }`. */
  async run() {
    this.#startedAt = performance.now();
    const timer = setInterval(() => this.#tick(performance.now()), tickMs);
    const late = setTimeout(
      () => this.#failed.reject(new Error(`pushed ${this.#sent}, pulled ${this.#puller.counter.entries}`)),
      this.#job.seconds * 1000 + drainMs,
    );
    try {
      await Promise.race([this.#drained.promise, this.#failed.promise]);
    } finally {
      clearInterval(timer);
      clearTimeout(late);
    }
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return {
      pushed: this.#sent,
      delivered: this.#puller.counter.entries,
      seconds: (performance.now() - this.#startedAt) / 1000,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  }

  async close() {
    this.#pusher?.close();
    this.#puller?.close();
  }

  #tick(now) {
    const due = Math.min(this.#total, Math.floor(((now - this.#startedAt) / 1000) * this.#job.rate));
    while (this.#sent < due) {
      this.#sentAt.push(performance.now());
      this.#pusher.write(this.#messages[this.#sent % this.#messages.length].take(1));
      this.#sent += 1;
    }
  }

  #onData() {
    // The greeting may come before there is anything to count.
    if (this.#sent === 0) return;
    const { entries } = this.#puller.counter;
    const now = performance.now();
    for (; this.#seen < entries; this.#seen += 1) {
      const sentAt = this.#sentAt[this.#seen];
      if (sentAt - this.#startedAt > warmUpMs) this.#latenciesMs.push(now - sentAt);
    }
    if (this.#seen >= this.#total) this.#drained.resolve();
  }
}
