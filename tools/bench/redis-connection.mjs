import { connect } from 'node:net';

const carriageReturn = 13;

/** Commands over one plain connection: replies in order, errors as rejections. Enough for the bench, and it costs little. */
export class RedisConnection {
  #socket;
  #waiting = [];
  #rest = Buffer.alloc(0);

  static open(port) {
    return new Promise((resolve, reject) => {
      const connection = new RedisConnection(port, reject);
      connection.#socket.once('connect', () => resolve(connection));
    });
  }

  constructor(port, onRefused) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (data) => this.#take(data));
    this.#socket.on('error', onRefused);
    this.#socket.on('close', () => this.#lose());
  }

  /** Sends one command. Bulk strings come back as Buffers, lists as arrays. */
  send(...args) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encode(args));
    });
  }

  /** Sends many commands in one write; an error rejects all of it. */
  sendAll(commands) {
    const replies = commands.map(() => new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })));
    this.#socket.write(Buffer.concat(commands.map(encode)));
    return Promise.all(replies);
  }

  close() {
    this.#socket.destroy();
  }

  #take(data) {
    const bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    const reader = { bytes, at: 0 };
    let start = 0;
    while (reader.at < bytes.length) {
      const reply = read(reader);
      if (reply === undefined) break;
      start = reader.at;
      const { resolve, reject } = this.#waiting.shift();
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    }
    this.#rest = bytes.subarray(start);
  }

  #lose() {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('Redis closed the connection'));
  }
}

function encode(args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** One reply, or `undefined` while it is not complete. */
function read(reader) {
  const end = reader.bytes.indexOf(carriageReturn, reader.at);
  if (end < 0 || end + 2 > reader.bytes.length) return undefined;
  const kind = String.fromCharCode(reader.bytes[reader.at]);
  const line = reader.bytes.latin1Slice(reader.at + 1, end);
  reader.at = end + 2;
  if (kind === '+') return line;
  if (kind === '-') return new Error(line);
  if (kind === ':') return Number(line);
  return kind === '*' ? readList(reader, Number(line)) : readBulk(reader, Number(line));
}

function readBulk(reader, length) {
  if (length < 0) return null;
  const start = reader.at;
  if (start + length + 2 > reader.bytes.length) return undefined;
  reader.at = start + length + 2;
  return reader.bytes.subarray(start, start + length);
}

function readList(reader, length) {
  if (length < 0) return null;
  const list = [];
  for (let index = 0; index < length; index += 1) {
    const item = read(reader);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}
