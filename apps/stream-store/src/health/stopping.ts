import { Injectable } from '@nestjs/common';
import { Drain } from '@sluice/service-kit';
import { type ServerResponse } from 'node:http';

/** Tells requests that wait for something that the service stops, so that they answer at once. */
@Injectable()
export class Stopping {
  private readonly waiting = new Set<() => void>();
  private hasBegun = false;

  constructor(drain: Drain) {
    drain.add('waiting requests', () => this.begin());
  }

  get isStopping(): boolean {
    return this.hasBegun;
  }

  /** Calls back once the service stops or the response is closed; returns the function that ends that. */
  onEnd(response: ServerResponse, callback: () => void): () => void {
    this.waiting.add(callback);
    response.once('close', callback);
    if (this.hasBegun || response.destroyed) queueMicrotask(callback);
    return () => {
      this.waiting.delete(callback);
      response.off('close', callback);
    };
  }

  private begin(): void {
    this.hasBegun = true;
    for (const callback of [...this.waiting]) callback();
  }
}
