import { openPuller } from './pullers.mjs';

const atOnce = 50;

/** Followers that stop reading once they follow. They stay until the job is closed; `run` says how many the server has dropped. */
export class Stall {
  #job;
  #sockets = [];
  #dropped = 0;

  constructor(job) {
    this.#job = job;
  }

  async open() {
    const { pulls, port, entryBytes } = this.#job;
    const hooks = {
      onFailure: () => {
        this.#dropped += 1;
      },
    };
    for (let start = 0; start < pulls.length; start += atOnce) {
      const some = pulls.slice(start, start + atOnce);
      this.#sockets.push(...(await Promise.all(some.map((pull) => openPuller({ ...pull, port, entryBytes }, hooks)))));
    }
    for (const socket of this.#sockets) socket.stall();
    return { followers: this.#sockets.length };
  }

  async run() {
    return { dropped: this.#dropped };
  }

  async close() {
    for (const socket of this.#sockets) socket.close();
  }
}
