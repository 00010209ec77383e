import { type Query } from '../rest.js';

/** Areas by id, each with the records in it. */
export type StagedAreas<Item> = Readonly<Record<string, readonly Item[]>>;

/** Sends a request of a channel's staging. */
export type StageRequest = <Body>(
  method: 'POST' | 'DELETE' | 'PATCH' | 'GET' | 'PUT',
  query: Query,
  body?: unknown,
) => Promise<Body>;

/** Records that are collected in front of a channel, in areas, and released into it together. */
export class Staging<Item> {
  /** @internal made by `ChannelsClient.staging` */
  constructor(private readonly request: StageRequest) {}

  /** Opens a new, empty area and resolves with its id. */
  async open(): Promise<string> {
    const areas = await this.request<StagedAreas<Item>>('POST', {});
    return Object.keys(areas)[0] ?? '';
  }

  /**
   * Adds a record to the areas that are named; without any, to the newest, which is opened when there is none.
   * @throws SluiceError `INVALID_PARAMETER` for an area that there is not
   */
  add(record: Readonly<Partial<Item>>, areas?: readonly string[]): Promise<StagedAreas<Item>> {
    return this.request('POST', idsOf(areas), record);
  }

  /** Takes a record, known by its id, out of the areas that are named; without any, out of the newest that has it. */
  remove(recordId: string, areas?: readonly string[]): Promise<StagedAreas<Item>> {
    return this.request('DELETE', idsOf(areas), { id: recordId });
  }

  /** Empties the areas that are named; they stay open. */
  clear(areas: readonly string[]): Promise<StagedAreas<Item>> {
    return this.request('DELETE', idsOf(areas));
  }

  /** Forgets the newest area with what is in it. */
  dropNewest(): Promise<StagedAreas<Item>> {
    return this.request('DELETE', {});
  }

  /** Forgets every area with what is in it. */
  dropAll(): Promise<StagedAreas<Item>> {
    return this.request('DELETE', { id: '' });
  }

  /** Ticks what is in the areas that are named, or in all, record by record, and forgets them. */
  release(areas?: readonly string[]): Promise<StagedAreas<Item>> {
    return this.request('PATCH', idsOf(areas));
  }

  /** Ids of all areas, oldest first. */
  list(): Promise<readonly string[]> {
    return this.request('GET', {});
  }

  /** What is in every area, or in the one that is named. */
  read(area?: string): Promise<StagedAreas<Item>> {
    return this.request('PUT', area === undefined ? {} : { id: area });
  }
}

function idsOf(areas: readonly string[] | undefined): Query {
  return areas === undefined ? {} : { id: areas.join(',') };
}
