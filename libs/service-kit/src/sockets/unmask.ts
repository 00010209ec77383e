import { createRequire } from 'node:module';

type NativeUnmask = (data: Uint8Array, mask: Uint8Array) => void;

const native = loadNative();

/** Unmasks a long payload in place: by `bufferutil` where it is installed, which is faster from some kilobytes on. */
export function unmaskLong(data: Uint8Array, mask: Uint8Array): void {
  // The mask of our own client on one machine.
  if (mask.every((byte) => byte === 0)) return;
  if (native === null) unmaskByHand(data, mask);
  else native(data, mask);
}

/** What stands in where `bufferutil` is not installed. */
export function unmaskByHand(data: Uint8Array, mask: Uint8Array): void {
  const [mask0 = 0, mask1 = 0, mask2 = 0, mask3 = 0] = mask;
  for (let at = 0; at < data.length; at += 4) {
    // Writes behind the end of a typed array go nowhere.
    data[at] = (data[at] as number) ^ mask0;
    data[at + 1] = (data[at + 1] as number) ^ mask1;
    data[at + 2] = (data[at + 2] as number) ^ mask2;
    data[at + 3] = (data[at + 3] as number) ^ mask3;
  }
}

function loadNative(): NativeUnmask | null {
  try {
    return (createRequire(import.meta.url)('bufferutil') as { readonly unmask: NativeUnmask }).unmask;
  } catch {
    // An optional dependency that was not built here.
    return null;
  }
}
/**
 * Unmasks the payload from `start` to `end` in place with the four bytes before it; doing it twice undoes it.
 * @returns all its bytes or-ed: below 128 when every one of them is ASCII
 */
export function unmask(data: Uint8Array, start: number, end: number): number {
  const mask0 = data[start - 4] as number;
  const mask1 = data[start - 3] as number;
  const mask2 = data[start - 2] as number;
  const mask3 = data[start - 1] as number;
  const whole = end - ((end - start) & 3);
  let seen = 0;
  let at = start;
  for (; at < whole; at += 4) {
    const byte0 = (data[at] as number) ^ mask0;
    const byte1 = (data[at + 1] as number) ^ mask1;
    const byte2 = (data[at + 2] as number) ^ mask2;
    const byte3 = (data[at + 3] as number) ^ mask3;
    data[at] = byte0;
    data[at + 1] = byte1;
    data[at + 2] = byte2;
    data[at + 3] = byte3;
    seen |= byte0 | byte1 | byte2 | byte3;
  }
  for (; at < end; at++) {
    const byte = (data[at] as number) ^ (data[start - 4 + ((at - start) & 3)] as number);
    data[at] = byte;
    seen |= byte;
  }
  return seen;
}
