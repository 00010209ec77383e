import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RedisCommands, StreamAdmin } from '@sluice/stream-log';
import { CHANGE_STATE } from './change-state.js';
import { DONE_TTL_MS, stateDoneKey, stateEvents, stateEventsKept, type StateName } from './recipe-keys.js';

/** One value of the running session, and what is told of its change. */
export interface StateChange {
  readonly name: StateName;
  /** Null: it is gone. */
  readonly value: string | null;
  readonly event: string;
}

/** What became of a change: 1 for a value set, the number of values deleted otherwise, and the id of its event. */
export interface StateChanged {
  readonly count: number;
  readonly eventId: string;
}

/**
 * What goes on now, one for everybody: the recipe, its step, the session. Values and their events are changed together; on a
 * cluster, where their keys live on different nodes, one after the other.
 */
@Injectable()
export class RunningSession {
  constructor(
    private readonly commands: RedisCommands,
    private readonly admin: StreamAdmin,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE, WRONG_KEY_TYPE */
  async read<Names extends readonly StateName[]>(...names: Names): Promise<{ [At in keyof Names]: string | null }> {
    const commands = names.map((name) => ({ name: 'GET', args: [name], subject: `key ${name}` }));
    const replies = await this.commands.runAll(commands);
    const failed = replies.find((reply) => reply instanceof SluiceError);
    if (failed !== undefined) throw failed;
    return replies as { [At in keyof Names]: string | null };
  }

  /** In the order of the changes. @throws SluiceError LOG_UNAVAILABLE, LOG_FULL, WRONG_KEY_TYPE, OUTCOME_UNKNOWN */
  async change(changes: readonly StateChange[]): Promise<StateChanged[]> {
    const changed = this.commands.isCluster ? await this.changeEach(changes) : await this.changeTogether(changes);
    for (const { name } of changes) this.admin.discovery.noteAppend(stateEvents(name));
    return changed;
  }

  private async changeTogether(changes: readonly StateChange[]): Promise<StateChanged[]> {
    const keys = [stateDoneKey(randomUUID()), ...changes.flatMap(({ name }) => [name, stateEvents(name)])];
    const args = changes.flatMap(({ name, value, event }) => {
      return [value === null ? 'delete' : 'set', value ?? '', event, stateEventsKept(name)];
    });
    const subject = changes.map(({ name }) => name).join(', ');
    const reply = await this.commands.runScript(CHANGE_STATE, keys, [DONE_TTL_MS, ...args], { subject });
    const texts = reply as string[];
    if (texts[0] === 'wrong') {
      throw new SluiceError('WRONG_KEY_TYPE', `the key ${texts[1]} exists and is neither a value nor events of one`);
    }
    return changes.map((_change, index) => {
      return { count: Number(texts[2 * index]), eventId: texts[2 * index + 1] ?? '' };
    });
  }

  private async changeEach(changes: readonly StateChange[]): Promise<StateChanged[]> {
    const changed: StateChanged[] = [];
    for (const { name, value, event } of changes) {
      const [verb, args] = value === null ? ['DEL', [name]] : ['SET', [name, value]];
      const reply = await this.commands.run({ name: verb as string, args: args as string[], subject: `key ${name}` });
      const key = stateEvents(name);
      const append = ['MAXLEN', '~', stateEventsKept(name), '*', 'd', event];
      const told = { name: 'XADD', args: [key, ...append], subject: `stream ${key}`, isRepeatable: false };
      const eventId = String(await this.commands.run(told));
      changed.push({ count: value === null ? Number(reply) : 1, eventId });
    }
    return changed;
  }
}
