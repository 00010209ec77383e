import { type SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { type Argument } from '../resp/command-writer.js';
import { type Reply, ReplyError } from '../resp/parser.js';
import { type AppendSink } from '../types.js';
import { AppendRequest } from './request.js';
import { type StreamWriter } from './stream-writer.js';

/** What a script is to do for one stream. */
export interface ScriptAppend {
  readonly command: readonly Argument[];
  readonly byteCount: number;
  /** Running it twice stores what running it once does. */
  readonly isRepeatable: boolean;
}

const NO_PAYLOAD = new Uint8Array(0);
const NOBODY: AppendSink = { onAppended: () => undefined, onRefused: () => undefined };

/** Several entries that one script appends, all or none: on their way they are one, in the order of the pushes around them. */
export class ScriptRequest extends AppendRequest {
  private value: Reply = null;

  constructor(
    writer: StreamWriter,
    private readonly append: ScriptAppend,
    private readonly done: (error: SluiceError | null, reply: Reply) => void,
  ) {
    super(writer, NO_PAYLOAD, NOBODY, 0, null, null, false);
  }

  override get byteCost(): number {
    return this.append.byteCount + super.byteCost;
  }

  override get script(): readonly Argument[] {
    return this.append.command;
  }

  override get isRepeatable(): boolean {
    return this.append.isRepeatable;
  }

  override reply(value: Reply): void {
    if (!(value instanceof ReplyError)) this.value = value;
    super.reply(value);
  }

  override settle(_id: EntryId | null, error: SluiceError | null): void {
    this.done(error, this.value);
  }
}
