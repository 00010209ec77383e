import { type Channel } from '../engine/catalogue.js';

/** A tick as an entry holds it: what `/last` answers; of a basket an object of such lists. */
export function encodeTick({ declaration, keys }: Channel, value: unknown): Buffer {
  const asList = (item: unknown): unknown => (declaration.isList ? item : [item]);
  if (keys === null) return Buffer.from(JSON.stringify(asList(value)));
  const lists = Object.entries(value as object).map(([key, item]): [string, unknown] => [key, asList(item)]);
  return Buffer.from(JSON.stringify(Object.fromEntries(lists)));
}

/** Whether an entry holds a tick of a basket: an object, where others have a list. */
export function isTickOfBasket(payload: Uint8Array): boolean {
  return payload[0] === 0x7b;
}

/** The reverse of {@link encodeTick}: a record, a list of records, or the keys that ticked and what ticked there. */
export function decodeTick({ declaration, keys }: Channel, payload: Uint8Array): unknown {
  const parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as unknown;
  const ofList = (list: unknown): unknown => (declaration.isList ? list : (list as readonly unknown[])[0]);
  if (keys === null) return ofList(parsed);
  return Object.fromEntries(
    Object.entries(parsed as object).map(([key, list]): [string, unknown] => [key, ofList(list)]),
  );
}

/** Of a basket's entry: the keys that ticked, and for each the JSON list of its records. */
export function basketLists(payload: Uint8Array): (readonly [key: string, json: string])[] {
  const parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as object;
  return Object.entries(parsed).map(([key, list]) => [key, JSON.stringify(list)] as const);
}
