import { SluiceError, type UserView, parseScopes } from '@sluice/contracts';
import { type AccessParts, settleChange } from './access-parts.js';
import { ADD_FIELD, CHANGE_FIELD } from './access-scripts.js';
import { type ApiKeys } from './api-keys.js';
import { USERS_KEY } from './auth-keys.js';
import { type Passwords } from './passwords.js';
import { type UserRecord, parseUser } from './records.js';
import { assertSubjectName } from './subject-names.js';
import { type Tokens } from './tokens.js';

const MAX_USERS = 10_000;
const MAX_ATTEMPTS = 5;
const MAX_PASSWORD_CHARS = 1024;

/**
 * The users and what they may do. Each change is written to the audit trail, told to every process, and holds in this
 * one when the call returns. `by` is the subject that asked for it.
 */
export class UserDirectory {
  constructor(
    private readonly parts: AccessParts & { readonly tokens: Tokens; readonly apiKeys: ApiKeys },
    private readonly passwords: Passwords,
  ) {}

  /** Sorted by name. @throws SluiceError `LOG_UNAVAILABLE` */
  async list(): Promise<UserView[]> {
    await this.parts.state.refresh();
    const views = [...this.parts.state.snapshot.users].map(([name, { record }]) => toView(name, record));
    return views.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** @throws SluiceError `INVALID_NAME`, `INVALID_PARAMETER` for scopes, `NAME_TAKEN`, `QUOTA_EXCEEDED`, `RATE_LIMITED` */
  async add(
    {
      name,
      password,
      scopes,
    }: { readonly name: string; readonly password: string; readonly scopes: readonly string[] },
    by: string,
  ): Promise<UserView> {
    assertSubjectName(name, 'user');
    parseScopes(scopes);
    const hash = await this.#hash(password);
    const record: UserRecord = { password: hash, scopes, createdAt: new Date().toISOString() };
    const args = [name, JSON.stringify(record), MAX_USERS];
    const added = await this.parts.redis.commands.runScript(ADD_FIELD, [USERS_KEY], args, {
      subject: `user "${name}"`,
    });
    if (added === 0) throw new SluiceError('NAME_TAKEN', `There is a user "${name}" already`);
    if (added === -1)
      throw new SluiceError('QUOTA_EXCEEDED', `There are ${MAX_USERS} users, which is as many as can be`);
    await settleChange(this.parts, 'user-added', by, { user: name, scopes });
    return toView(name, record);
  }

  /** Removes a user; their tokens, API keys and open sockets end. @throws SluiceError `USER_NOT_FOUND` */
  async remove(name: string, by: string): Promise<void> {
    await this.#read(name);
    // A user of the same name who is added later must inherit neither tokens nor keys.
    await this.parts.tokens.endAll(name);
    await this.parts.redis.commands.run({ name: 'HDEL', args: [USERS_KEY, name], subject: `user "${name}"` });
    // Once more for a log-in that began in between; not only now, as this process may end here.
    await this.parts.tokens.endAll(name);
    await this.parts.apiKeys.removeAllOf(name);
    await settleChange(this.parts, 'user-removed', by, { user: name });
  }

  /** Sets a password; tokens given out before are no longer valid. @throws SluiceError `USER_NOT_FOUND`, `RATE_LIMITED` */
  async setPassword(name: string, password: string, by: string): Promise<void> {
    await this.#read(name);
    const hash = await this.#hash(password);
    await this.#change(name, (record) => ({ ...record, password: hash }));
    await this.parts.tokens.endAll(name);
    await settleChange(this.parts, 'password-changed', by, { user: name });
  }

  /** Sets what a user may do; it holds for their present tokens and API keys too. @throws SluiceError `USER_NOT_FOUND` */
  async setScopes(name: string, scopes: readonly string[], by: string): Promise<UserView> {
    parseScopes(scopes);
    const record = await this.#change(name, (before) => ({ ...before, scopes }));
    await settleChange(this.parts, 'scopes-changed', by, { user: name, scopes });
    return toView(name, record);
  }

  /** Whether this is the user's password. Takes as long for a user there is not. @throws SluiceError `RATE_LIMITED` */
  async verifyPassword(name: string, password: string): Promise<boolean> {
    const text = await this.#readText(name);
    const record = text === null ? null : parseUser(text);
    return this.passwords.verify(password.slice(0, MAX_PASSWORD_CHARS + 1), record?.password ?? null);
  }

  #hash(password: string): Promise<string> {
    if (password !== '' && password.length <= MAX_PASSWORD_CHARS) return this.passwords.hash(password);
    throw new SluiceError('INVALID_PARAMETER', `a password has 1 to ${MAX_PASSWORD_CHARS} characters`);
  }

  async #readText(name: string): Promise<string | null> {
    const command = { name: 'HGET', args: [USERS_KEY, name], subject: 'a user' };
    return (await this.parts.redis.commands.run(command)) as string | null;
  }

  async #read(name: string): Promise<{ text: string; record: UserRecord }> {
    const text = await this.#readText(name);
    const record = text === null ? null : parseUser(text);
    if (text === null || record === null) throw new SluiceError('USER_NOT_FOUND', `There is no user "${name}"`);
    return { text, record };
  }

  /** Two changes at the same time both hold. */
  async #change(name: string, change: (record: UserRecord) => UserRecord): Promise<UserRecord> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { text, record } = await this.#read(name);
      const changed = change(record);
      const args = [name, text, JSON.stringify(changed)];
      const subject = `user "${name}"`;
      if ((await this.parts.redis.commands.runScript(CHANGE_FIELD, [USERS_KEY], args, { subject })) === 1)
        return changed;
    }
    throw new SluiceError('SERVICE_UNAVAILABLE', `user "${name}" is being changed by others; try again`);
  }
}

function toView(name: string, { scopes, createdAt }: UserRecord): UserView {
  return { name, scopes, createdAt };
}
