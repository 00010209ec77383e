import { type SluiceError } from '@sluice/contracts';

/** Expiry is looked for this often; whatever else ends a credential is heard of at once. */
const SWEEP_EVERY_MS = 5000;

interface Session {
  /** Why it is over; null while it is not. */
  readonly look: () => SluiceError | null;
  readonly end: (reason: SluiceError) => void;
}

/** Sockets and long answers that were let in with a credential: each is ended when the credential no longer holds. */
export class Sessions {
  readonly #open = new Set<Session>();
  #timer: NodeJS.Timeout | null = null;

  /** @returns what ends the watching */
  add(look: Session['look'], end: Session['end']): () => void {
    const session = { look, end };
    this.#open.add(session);
    this.#timer ??= setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
    return () => {
      this.#open.delete(session);
    };
  }

  /** Number watched now. */
  get size(): number {
    return this.#open.size;
  }

  /** Ends those whose credential no longer holds. */
  sweep(): void {
    for (const session of this.#open) {
      const reason = session.look();
      if (reason === null) continue;
      this.#open.delete(session);
      session.end(reason);
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#open.clear();
  }
}
