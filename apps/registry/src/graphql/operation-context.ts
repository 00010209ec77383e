import { type Identity } from '@sluice/service-kit';
import { type AnswerShare } from '../answers/answer-share.js';
import { type Pace } from '../answers/pace.js';
import { type DeviceLoader } from '../devices/device-loader.js';
import { type StreamLoaders } from '../streams/stream-loaders.js';
import { type StreamNames } from '../streams/stream-names.js';

/** Something that could not be given as it is, told beside the data because its field may not be null. */
interface Note {
  readonly message: string;
  readonly code: string;
  /** The field it was asked for. */
  readonly field: string;
}

const MAX_NOTES = 100;

/**
 * What the fields of one operation share: who asks, what was read so far, and what is to be told beside the data. A subscription has
 * one for each event, so that nothing read is older than its event.
 */
export class OperationContext {
  private readonly notes: Note[] = [];
  private unnoted = 0;
  private readonly facts = new Map<string, unknown>();

  constructor(
    readonly identity: Identity,
    readonly names: StreamNames,
    readonly streams: StreamLoaders,
    readonly devices: DeviceLoader,
    /** What the answer holds of the memory for answers. */
    readonly share: AnswerShare,
    readonly pace: Pace,
  ) {}

  /** Tells why a field has its empty value; at most a hundred times. */
  note(note: Note): void {
    if (this.notes.length < MAX_NOTES) this.notes.push(note);
    else this.unnoted += 1;
  }

  /** Tells a fact about the whole answer. */
  tell(name: string, value: unknown): void {
    this.facts.set(name, value);
  }

  /** What the answer's `extensions` say; null for nothing. */
  extensions(): Readonly<Record<string, unknown>> | null {
    if (this.notes.length === 0 && this.facts.size === 0) return null;
    return {
      ...Object.fromEntries(this.facts),
      ...(this.notes.length === 0 ? {} : { problems: this.notes }),
      ...(this.unnoted === 0 ? {} : { furtherProblems: this.unnoted }),
    };
  }
}
