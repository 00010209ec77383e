import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { FrameCounter } from './frame-counter.mjs';
import { maskedFrame, opcodes } from './frames.mjs';

const websocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Shared by all connections of the process: what is read is used up at once. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * A WebSocket without a library: `counter` counts what arrives, `write(bytes, done)` sends frames that are encoded already.
 * `hooks`: `onData()` after each read, `onText(text)` (sluice.v1), `onFailure(error)` at most once.
 */
export class Socket {
  #socket;
  #handshake = Buffer.alloc(0);
  #onOpen = null;
  #hooks;
  #isReading = true;
  #isClosing = false;

  /** Resolves with the open connection; rejects with the server's answer when it refuses. */
  static open({ port, path, protocol, encoding, entryBytes }, hooks) {
    return new Promise((resolve, reject) => {
      const socket = new Socket({ port, encoding, entryBytes }, hooks);
      const key = randomBytes(16).toString('base64');
      socket.#onOpen = (answer) => {
        socket.#onOpen = null;
        const failure = checkHandshake(answer, key);
        if (failure) reject(new Error(`${path}: ${failure}`));
        else resolve(socket);
      };
      const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Connection: Upgrade', 'Upgrade: websocket'];
      lines.push('Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`);
      if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
      socket.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
  }

  constructor({ port, encoding, entryBytes }, hooks) {
    this.#hooks = hooks;
    const onread = { buffer: readBuffer, callback: (count, buffer) => this.#read(buffer.subarray(0, count)) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.counter = new FrameCounter(
      { encoding, entryBytes },
      {
        onText: (text) => hooks.onText?.(text, this),
        onPing: (payload) => this.write(maskedFrame(opcodes.pong, payload)),
        onFailure: (reason) => this.#fail(reason),
      },
    );
  }

  /** `done` is called once the system has taken the bytes. */
  write(bytes, done) {
    this.#socket.write(bytes, done);
  }

  sendText(text) {
    this.write(maskedFrame(opcodes.text, Buffer.from(text)));
  }

  /** Never reads again: what the server goes on sending stays in the system's buffers, and then in the server's. */
  stall() {
    this.#isReading = false;
  }

  close() {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(chunk) {
    if (this.#onOpen) {
      this.#handshake = Buffer.concat([this.#handshake, chunk]);
      const end = this.#handshake.indexOf('\r\n\r\n');
      if (end < 0) return true;
      this.#onOpen(this.#handshake.toString('latin1', 0, end));
      chunk = this.#handshake.subarray(end + 4);
    }
    if (chunk.length > 0) this.counter.feed(chunk);
    this.#hooks.onData?.(this);
    return this.#isReading;
  }

  #fail(reason) {
    if (this.#onOpen) return this.#onOpen(reason);
    if (this.#isClosing) return;
    this.close();
    this.#hooks.onFailure(new Error(reason));
  }
}

function checkHandshake(answer, key) {
  const [status, ...lines] = answer.split('\r\n');
  if (!status.startsWith('HTTP/1.1 101')) return status;
  const accept = lines.find((line) => /^sec-websocket-accept:/i.test(line))?.split(/:\s*/)[1];
  const expected = createHash('sha1').update(`${key}${websocketGuid}`).digest('base64');
  return accept === expected ? null : `Sec-WebSocket-Accept is ${accept}, not ${expected}`;
}
