import { Injectable } from '@nestjs/common';

/** Members of lists that are worked at in one turn of the event loop, of all operations together. */
const MEMBERS_A_TURN = 50;

interface Waiter {
  readonly members: number;
  go(): void;
}

/** Shares out the event loop between lists, however many there are: others are heard in between. */
@Injectable()
export class Pace {
  private waiting: Waiter[] = [];
  private isRunning = false;

  /** Resolves when it is the turn of so many members. */
  turn(members: number): Promise<void> {
    return new Promise((go) => {
      this.waiting.push({ members, go });
      if (this.isRunning) return;
      this.isRunning = true;
      setImmediate(() => this.pass());
    });
  }

  private pass(): void {
    let members = 0;
    let count = 0;
    for (const waiter of this.waiting) {
      if (members >= MEMBERS_A_TURN) break;
      members += waiter.members;
      count += 1;
    }
    const going = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    for (const { go } of going) go();
    this.isRunning = this.waiting.length > 0;
    if (this.isRunning) setImmediate(() => this.pass());
  }
}
