import { AsyncLocalStorage } from 'node:async_hooks';

type Tell = (error: unknown) => void;

const telling = new AsyncLocalStorage<Tell | null>();

/**
 * Runs code of a module. What nobody catches of what it leaves behind, such as a promise that is not awaited or a timer of its own, can be
 * told as its failure.
 */
export function isolated<T>(tell: Tell, run: () => T): T {
  return telling.run(tell, run);
}

/** Runs what a module has caused and does not do itself. */
export function outsideOfModules<T>(run: () => T): T {
  return telling.run(null, run);
}

/** Tells of an error that nobody caught; false when it is not a module's. */
export function tellUncaught(error: unknown): boolean {
  const tell = telling.getStore() ?? null;
  tell?.(soundError(error));
  return tell !== null;
}

/** Anything can be thrown, also what fails when it is shown: that would end more than its module. */
export function soundError(error: unknown): unknown {
  try {
    const words: unknown = error instanceof Error ? error.message : String(error);
    if (typeof words === 'string') return error;
  } catch {
    // It has no words.
  }
  return new Error('it threw something that cannot be shown');
}
