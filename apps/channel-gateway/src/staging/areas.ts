import { type StagingAction } from './staging-event.js';

/** A record in an area; `json` is what stands on the wire. */
export interface Staged {
  readonly id: string;
  readonly json: string;
}

/** A holding area in front of a channel. */
export interface Area {
  readonly id: string;
  readonly records: readonly Staged[];
}

/** Which areas a request is about: no parameter, an empty one, or ids. */
export type Chosen = 'absent' | 'empty' | readonly string[];

export type StageRequest =
  | { readonly kind: 'add' | 'remove'; readonly record: Staged | null; readonly chosen: Chosen }
  | { readonly kind: 'release'; readonly chosen: Chosen };

interface StageEvent {
  readonly area: string;
  readonly action: keyof typeof StagingAction;
  readonly record: Staged | null;
}

/** What becomes of the areas. */
export interface StageChange {
  /** All areas afterwards, oldest first. */
  readonly areas: readonly Area[];
  /** What the request is answered with. */
  readonly affected: readonly Area[];
  /** Records that tick, in order. */
  readonly released: readonly Staged[];
  readonly events: readonly StageEvent[];
}

/** A request that cannot be met; the message is the dialect's. */
export class StageRefusal extends Error {
  override readonly name = 'StageRefusal';
}

/** What a request makes of the areas, oldest first. @param newId id for an area that has to be opened @throws StageRefusal */
function changeAreas(areas: readonly Area[], request: StageRequest, newId: () => string): StageChange {
  if (request.kind === 'release') return release(areas, request.chosen);
  const { record, chosen } = request;
  if (request.kind === 'add') return record === null ? open(areas, chosen, newId) : add(areas, record, chosen, newId);
  return record === null ? drop(areas, chosen) : remove(areas, record, chosen);
}

/** As {@link changeAreas}, for several requests one after the other. @throws StageRefusal */
export function changeInTurn(
  areas: readonly Area[],
  requests: readonly StageRequest[],
  newId: () => string,
): StageChange {
  let whole: StageChange = { areas, affected: [], released: [], events: [] };
  for (const request of requests) {
    const { areas: left, affected, released, events } = changeAreas(whole.areas, request, newId);
    whole = {
      areas: left,
      affected: [...whole.affected, ...affected],
      released: [...whole.released, ...released],
      events: [...whole.events, ...events],
    };
  }
  return whole;
}

function open(areas: readonly Area[], chosen: Chosen, newId: () => string): StageChange {
  if (isIds(chosen)) throw new StageRefusal('Cannot specify staging_ids without a struct to add');
  const area = { id: newId(), records: [] };
  return { areas: [...areas, area], affected: [area], released: [], events: [created(area)] };
}

function add(areas: readonly Area[], record: Staged, chosen: Chosen, newId: () => string): StageChange {
  const targets = targetsOf(areas, record, chosen);
  if (targets.length > 0) return put(areas, targets, record, []);
  const area = { id: newId(), records: [] };
  return put([...areas, area], [area], record, [created(area)]);
}

function targetsOf(areas: readonly Area[], record: Staged, chosen: Chosen): readonly Area[] {
  if (chosen === 'absent') return areas.slice(-1);
  if (chosen === 'empty') return areas.filter((area) => !holds(area, record));
  return [...new Set(chosen)].map((id) => {
    const area = areas.find((one) => one.id === id);
    if (area === undefined) throw new StageRefusal(`'Staging ID not found: ${id.slice(0, 200)}'`);
    return area;
  });
}

function put(
  areas: readonly Area[],
  targets: readonly Area[],
  record: Staged,
  before: readonly StageEvent[],
): StageChange {
  const changed = targets.map((area): Area => {
    const at = area.records.findIndex(({ id }) => id === record.id);
    return { id: area.id, records: at < 0 ? [...area.records, record] : area.records.with(at, record) };
  });
  const events = targets.map(({ id }): StageEvent => ({ area: id, action: 'ADDED', record }));
  return { areas: replaced(areas, changed), affected: changed, released: [], events: [...before, ...events] };
}

function drop(areas: readonly Area[], chosen: Chosen): StageChange {
  const targets = isIds(chosen)
    ? areas.filter(({ id }) => chosen.includes(id))
    : areas.slice(chosen === 'empty' ? 0 : -1);
  const affected = targets.map(({ id }): Area => ({ id, records: [] }));
  const events = targets.flatMap(removals);
  const left = isIds(chosen) ? replaced(areas, affected) : areas.filter((area) => !targets.includes(area));
  return { areas: left, affected, released: [], events };
}

function remove(areas: readonly Area[], record: Staged, chosen: Chosen): StageChange {
  const holding = areas.filter((area) => holds(area, record) && (!isIds(chosen) || chosen.includes(area.id)));
  const targets = chosen === 'absent' ? holding.slice(-1) : holding;
  const affected = targets.map(({ id, records }): Area => ({
    id,
    records: records.filter((one) => one.id !== record.id),
  }));
  const events = targets.map(({ id, records }): StageEvent => {
    return { area: id, action: 'REMOVED', record: records.find((one) => one.id === record.id) ?? record };
  });
  return { areas: replaced(areas, affected), affected, released: [], events };
}

function release(areas: readonly Area[], chosen: Chosen): StageChange {
  if (chosen === 'empty') return { areas, affected: [], released: [], events: [] };
  const targets = isIds(chosen) ? areas.filter(({ id }) => chosen.includes(id)) : areas;
  const events = targets.flatMap(({ id, records }): StageEvent[] => {
    if (records.length === 0) return [{ area: id, action: 'RELEASED', record: null }];
    return records.map((record) => ({ area: id, action: 'RELEASED', record }));
  });
  const released = targets.flatMap(({ records }) => records);
  return { areas: areas.filter((area) => !targets.includes(area)), affected: targets, released, events };
}

function created({ id }: Area): StageEvent {
  return { area: id, action: 'CREATED', record: null };
}

function removals({ id, records }: Area): StageEvent[] {
  if (records.length === 0) return [{ area: id, action: 'REMOVED', record: null }];
  return records.map((record) => ({ area: id, action: 'REMOVED', record }));
}

function replaced(areas: readonly Area[], changed: readonly Area[]): readonly Area[] {
  const byId = new Map(changed.map((area) => [area.id, area]));
  return areas.map((area) => byId.get(area.id) ?? area);
}

function holds({ records }: Area, { id }: Staged): boolean {
  return records.some((one) => one.id === id);
}

function isIds(chosen: Chosen): chosen is readonly string[] {
  return typeof chosen !== 'string';
}
