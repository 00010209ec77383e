import { createServer } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections, so that none of those takes one in between. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const ATTEMPTS = 200;

let next = Math.floor(Math.random() * PORTS);

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago; another one at each call. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${ATTEMPTS} from ${FIRST_PORT} to ${FIRST_PORT + PORTS}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
