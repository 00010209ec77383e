/** Told to every process when a stream appears or goes: JSON in field `d` of the event stream. */
export interface StreamEvent {
  readonly type: 'created' | 'deleted';
  /** Name of the stream: its Redis key. */
  readonly name: string;
}
