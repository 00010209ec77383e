import { Injectable } from '@nestjs/common';
import { Drain } from '@sluice/service-kit';

/** Tells requests that wait for something that the service stops, so that they answer at once. */
@Injectable()
export class Stopping {
  private readonly controller = new AbortController();

  constructor(drain: Drain) {
    drain.add('waiting requests', () => this.controller.abort());
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }
}
