/** A JSON object: what metadata is. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Something to ask of the registry, with the types of what it takes and gives. */
export interface Operation<Variables, Data> {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly text: string;
  /** Never there: it carries the types. */
  readonly types?: readonly [Variables, Data];
}
