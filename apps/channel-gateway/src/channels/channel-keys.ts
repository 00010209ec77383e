/*
 * Every Redis key that the channel gateway writes. All of one application share a hash slot, so that a cycle of its modules is
 * one write on a cluster too. They begin with the prefix of our own keys and are shown in no list of streams.
 *
 * | key                                 | type   | content                                                        | lives            |
 * |-------------------------------------|--------|----------------------------------------------------------------|------------------|
 * | sluice:channels:{app}:stream:<name> | stream | one entry a tick; `d` = JSON, `e` = epoch where a module ticked | always, trimmed  |
 * | sluice:channels:{app}:last:<name>   | hash   | of a basket: key -> `<entry id> <JSON list of its last tick>`  | always           |
 * | sluice:channels:{app}:ids           | string | the last block of record ids that was given out                | always           |
 * | sluice:channels:{app}:lease         | string | the replica whose modules run                                  | 3 s, renewed     |
 * | sluice:channels:{app}:epoch         | string | how often the lease has changed hands                          | always           |
 * | sluice:channels:{app}:progress      | hash   | channel -> position up to which modules have read it;          |                  |
 * |                                     |        | `kept:["<module>","<name>"]` -> what the module keeps; `:commit` | always         |
 * | sluice:channels:{app}:state:<name>  | hash   | key of a record -> `<entry id> <place in the tick> <JSON>`      | as long as kept  |
 * | sluice:channels:{app}:state-order:<name> | zset | key of a record by the time it ticked                     | as long as kept  |
 * | sluice:channels:{app}:stage:<name>  | hash   | staging area -> `<number> <JSON list>`; `change`, `count`, `met` | always           |
 * | sluice:channels:{app}:dead-letters  | stream | `d` = JSON of a module's failure with what it was given        | about 1,000      |
 * | sluice:channels:{app}:shapes        | hash   | channel -> what a tick of it is                                | always           |
 * | sluice:channels:{app}:declared      | hash   | channel that was declared at run time -> JSON of its declaration | until removed  |
 * | sluice:channels:{app}:declarations  | stream | `d` = a channel whose declaration changed, `c` = the change    | about 1,000      |
 *
 * The JSON of an entry is what `/last` answers: a list of the tick's records. Of a basket it is an object with such a list for
 * each key that ticked.
 */

/** Field of an entry that says in which epoch a module ticked it; entries of clients have none. */
export const EPOCH_FIELD = 'e';

/** The keys of one application. */
export class ChannelKeys {
  private readonly root: string;

  /** @param application name of the application: letters, digits, `-`, `_` and `.` */
  constructor(application: string) {
    this.root = `sluice:channels:{${application}}`;
  }

  get ids(): string {
    return `${this.root}:ids`;
  }

  get lease(): string {
    return `${this.root}:lease`;
  }

  get epoch(): string {
    return `${this.root}:epoch`;
  }

  get progress(): string {
    return `${this.root}:progress`;
  }

  get deadLetters(): string {
    return `${this.root}:dead-letters`;
  }

  get shapes(): string {
    return `${this.root}:shapes`;
  }

  get declared(): string {
    return `${this.root}:declared`;
  }

  get declarations(): string {
    return `${this.root}:declarations`;
  }

  stream(channel: string): string {
    return `${this.root}:stream:${channel}`;
  }

  state(name: string): string {
    return `${this.root}:state:${name}`;
  }

  stateOrder(name: string): string {
    return `${this.root}:state-order:${name}`;
  }

  stage(channel: string): string {
    return `${this.root}:stage:${channel}`;
  }

  last(channel: string): string {
    return `${this.root}:last:${channel}`;
  }
}
