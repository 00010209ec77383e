import { PushMessages } from './frames.mjs';
import { openPuller, v1Protocol } from './pullers.mjs';
import { Socket } from './socket.mjs';

/** After the pushing has ended, what is on its way has this long to arrive. */
const drainMs = 15_000;

/**
 * As fast as it goes for `seconds`: each of `streams` has at most one pusher and any number of pullers. What was pushed and not
 * pulled by the slowest is bounded by `windowEntries`, and what was pushed and not acknowledged by `inFlight` messages.
 */
export class Flow {
  #job;
  #lanes;
  #settle;
  #outcome;

  constructor(job) {
    this.#job = job;
    this.#outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#outcome.catch(() => {});
    const report = { onProgress: () => this.#check(), onFailure: (error) => this.#settle.reject(error) };
    this.#lanes = job.streams.map((stream) => new Lane(stream, job, report));
  }

  async open() {
    await Promise.all(this.#lanes.map((lane) => lane.open()));
  }

  /** Resolves with `{ pushed, delivered, seconds }`: all that was pushed was also acknowledged and pulled where that is so. */
  async run() {
    const startedAt = performance.now();
    const stopAt = startedAt + this.#job.seconds * 1000;
    for (const lane of this.#lanes) lane.start(stopAt);
    const timer = setTimeout(
      () => this.#settle.reject(new Error(this.#lanes.map((lane) => lane.describe()).join('; '))),
      this.#job.seconds * 1000 + drainMs,
    );
    await this.#outcome;
    clearTimeout(timer);
    const sum = (count) => this.#lanes.reduce((total, lane) => total + count(lane), 0);
    return {
      pushed: sum((lane) => lane.pushed),
      delivered: sum((lane) => lane.delivered),
      seconds: (performance.now() - startedAt) / 1000,
    };
  }

  async close() {
    for (const lane of this.#lanes) lane.close();
  }

  #check() {
    if (this.#lanes.every((lane) => lane.isDone)) this.#settle.resolve();
  }
}

/** One stream: its pusher, its pullers. */
class Lane {
  pushed = 0;
  #sentMessages = 0;
  #unsent = 0;
  #pusher = null;
  #pullers = [];
  #isBlocked = false;
  #isOver = false;
  #stopAt = 0;
  #scheduled = false;
  #stream;
  #job;
  #report;
  #messages;

  constructor(stream, job, report) {
    this.#stream = stream;
    this.#job = job;
    this.#report = report;
    this.#messages = new PushMessages({ ...stream.push, payloadBytes: job.payloadBytes, acks: job.inFlight > 0 });
  }

  get delivered() {
    return this.#pullers.reduce((total, { counter }) => total + counter.entries, 0);
  }

  get isDone() {
    if (!this.#isOver || this.#unsent > 0) return false;
    if (this.#job.inFlight > 0 && this.#acked !== this.#sentMessages) return false;
    return this.#pullers.every(({ counter }) => counter.entries === this.pushed);
  }

  get #acked() {
    const { texts, settledTag } = this.#pusher.counter;
    return this.#stream.push.encoding === 'v1' ? settledTag : texts;
  }

  async open() {
    const hooks = { onData: () => this.#onData(), onFailure: this.#report.onFailure };
    const { port, payloadBytes, pullPort = port } = this.#job;
    const { pulls, push } = this.#stream;
    this.#pullers = await Promise.all(
      pulls.map((pull) => openPuller({ ...pull, port: pullPort, entryBytes: payloadBytes }, hooks)),
    );
    const onText = (text) => JSON.parse(text).error && this.#report.onFailure(new Error(text));
    const protocol = push.encoding === 'v1' ? v1Protocol : undefined;
    this.#pusher = await Socket.open({ ...push, port, protocol, entryBytes: payloadBytes }, { ...hooks, onText });
  }

  start(stopAt) {
    this.#stopAt = stopAt;
    this.#pump();
  }

  close() {
    for (const socket of [...this.#pullers, this.#pusher]) socket?.close();
  }

  describe() {
    const counts = this.#pullers.map(({ counter }) => counter.entries);
    const pulled = counts.length > 0 ? `, pulled ${Math.min(...counts)} to ${Math.max(...counts)}` : '';
    const acked = this.#job.inFlight > 0 ? `, acknowledged ${this.#acked} of ${this.#sentMessages} messages` : '';
    return `pushed ${this.pushed}${pulled}${acked}`;
  }

  #onData() {
    if (this.#isBlocked) this.#pump();
    else if (this.#isOver) this.#report.onProgress();
  }

  #pump() {
    this.#scheduled = false;
    if (performance.now() >= this.#stopAt) {
      this.#isOver = true;
      this.#isBlocked = false;
      this.#report.onProgress();
      return;
    }
    const count = this.#allowance();
    this.#isBlocked = count <= 0;
    if (this.#isBlocked) return;
    this.pushed += count * this.#messages.entriesPerMessage;
    this.#sentMessages += count;
    this.#unsent += 1;
    this.#pusher.write(this.#messages.take(count), () => this.#onWritten());
    // With acknowledgements the answers set the pace, not the socket.
    if (this.#job.inFlight > 0) this.#isBlocked = true;
  }

  #onWritten() {
    this.#unsent -= 1;
    if (this.#isOver) return this.#report.onProgress();
    if (this.#job.inFlight > 0 || this.#scheduled) return;
    this.#scheduled = true;
    // A turn of the event loop between two writes lets the pullers of this process read.
    setImmediate(() => this.#pump());
  }

  /** How many messages may be sent now. A window is only used in whole chunks: small writes would measure the client. */
  #allowance() {
    const { chunkMessages, entriesPerMessage } = this.#messages;
    if (this.#job.inFlight > 0) {
      return Math.min(chunkMessages, this.#job.inFlight - (this.#sentMessages - this.#acked));
    }
    if (this.#pullers.length === 0) return chunkMessages;
    let slowest = Infinity;
    for (const { counter } of this.#pullers) slowest = Math.min(slowest, counter.entries);
    const chunkEntries = chunkMessages * entriesPerMessage;
    return this.pushed - slowest + chunkEntries <= Math.max(this.#job.windowEntries, chunkEntries) ? chunkMessages : 0;
  }
}
