import { SluiceError, isErrorCode } from '@sluice/contracts';
import { encodePackedPush, encodePush, packedPartId, type EntryId, type SectionToEncode } from '@sluice/wire';
import { type PushUnit } from './push-unit.js';

/** One push frame as it was sent, until it is settled. */
export interface SentFrame {
  readonly tag: number;
  /** In the order in which their entries stand in the frame. */
  readonly units: readonly PushUnit[];
  readonly entryCount: number;
  readonly wantsIds: boolean;
  readonly byteLength: number;
}

/** A frame of these units, and the bytes to send. */
export function makeFrame(tag: number, taken: readonly PushUnit[]): { frame: SentFrame; bytes: Uint8Array } {
  const groups = groupByStream(taken);
  const units = groups.flat();
  const wantsIds = taken.some((unit) => unit.wantsIds);
  const bytes = encodeUnits({ tag, acks: true, wantsIds }, units, groups);
  const entryCount = units.reduce((sum, { entries }) => sum + entries.length, 0);
  return { frame: { tag, units, entryCount, wantsIds, byteLength: bytes.length }, bytes };
}

/** Settles every unit of an acknowledged frame with its share of `ids`, from `at` on; where the next frame's begin. */
export function settleFrame(frame: SentFrame, ids: readonly EntryId[], at: number): number {
  let from = at;
  for (const unit of frame.units) {
    const end = from + answersOf(unit);
    unit.onSettled(unit.wantsIds ? idsOf(unit, ids.slice(from, end)) : []);
    if (frame.wantsIds) from = end;
  }
  return from;
}

/**
 * Settles a frame of which not everything was stored.
 * @param failure its details name, for each entry in order, the id it got or the code of its error; else all of it failed
 */
export function failFrame(frame: SentFrame, failure: SluiceError): void {
  const results = failure.details?.['results'];
  if (failure.code === 'PARTIAL_APPEND' && Array.isArray(results)) settlePartly(frame, failure, results);
  else for (const unit of frame.units) unit.onFailed(failure);
}

function settlePartly(frame: SentFrame, failure: SluiceError, results: readonly unknown[]): void {
  let at = 0;
  for (const unit of frame.units) {
    const end = at + answersOf(unit);
    const own = results.slice(at, end);
    at = end;
    const codes = own.filter((result) => isErrorCode(result));
    const [code] = codes;
    if (code === undefined) unit.onSettled(unit.wantsIds ? idsOf(unit, own as EntryId[]) : []);
    else if (codes.length === own.length) unit.onFailed(new SluiceError(code, failure.message));
    else unit.onFailed(new SluiceError('PARTIAL_APPEND', failure.message, { details: { results: own } }));
  }
}

/** How many ids or errors the server tells of a unit. */
function answersOf(unit: PushUnit): number {
  return unit.isPacked === true ? 1 : unit.entries.length;
}

/** The ids of a unit's entries: of a packed one the server tells one id for all parts. */
function idsOf(unit: PushUnit, ids: readonly EntryId[]): readonly EntryId[] {
  const [id] = ids;
  if (unit.isPacked !== true || id === undefined) return ids;
  return unit.entries.map((_entry, index) => packedPartId(id, index));
}

interface FrameOptions {
  readonly tag: number;
  readonly acks: boolean;
  readonly wantsIds: boolean;
}

function encodeUnits(
  options: FrameOptions,
  units: readonly PushUnit[],
  groups: readonly (readonly PushUnit[])[],
): Uint8Array {
  const [first] = units as [PushUnit];
  if (first.isPacked !== true) return encodePush({ ...options, key: first.key }, groups.map(toSection));
  const payloads = first.entries.map(({ payload }) => payload);
  return encodePackedPush(options, first.name, payloads);
}

/** The units of each stream, in the order in which the streams first come. */
function groupByStream(units: readonly PushUnit[]): readonly (readonly PushUnit[])[] {
  const groups = new Map<string, PushUnit[]>();
  for (const unit of units) {
    const group = groups.get(unit.stream);
    if (group === undefined) groups.set(unit.stream, [unit]);
    else group.push(unit);
  }
  return [...groups.values()];
}

function toSection(units: readonly PushUnit[]): SectionToEncode {
  const [first] = units as [PushUnit];
  return { name: first.name, entries: units.length === 1 ? first.entries : units.flatMap(({ entries }) => entries) };
}
