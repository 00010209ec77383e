import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { ApiKeys, UserDirectory, type Environment } from '@sluice/service-kit';
import { createGateway } from './create-gateway.js';

/** What strict mode has after its first start. */
export interface PreparedAccess {
  /** Users with the right `admin`. */
  readonly admins: readonly string[];
  /** Of the administrator that was just made; null when there was one. It is known nowhere else. */
  readonly password: string | null;
  /** API keys of the demo's devices, by device. */
  readonly keys: Readonly<Record<string, string>>;
}

/** Recorded as who did it. */
const BY = 'first-start';
const PASSWORD_BYTES = 15;
const MAX_ATTEMPTS = 5;
const CONNECT_TIMEOUT_MS = 15_000;
const RETRY_MS = 50;

/**
 * Makes the first administrator, unless there is one, and an API key for each device, in place of the one of an earlier start.
 * Several at the same time make one administrator.
 * @throws ConfigError, SluiceError `LOG_UNAVAILABLE`
 */
export async function prepareAccess(environment: Environment, devices: readonly string[]): Promise<PreparedAccess> {
  const service = await createGateway(environment);
  try {
    const users = service.app.get(UserDirectory);
    const { admins, password } = await findOrMakeAdmin(users);
    const apiKeys = service.app.get(ApiKeys);
    const keys: Record<string, string> = {};
    for (const device of devices) keys[device] = await makeDeviceKey(apiKeys, device, admins[0] ?? BY);
    return { admins, password, keys };
  } finally {
    await service.close();
  }
}

async function findOrMakeAdmin(users: UserDirectory): Promise<Pick<PreparedAccess, 'admins' | 'password'>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const admins = await adminsOf(users);
    if (admins.length > 0) return { admins, password: null };
    const name = attempt === 1 ? 'admin' : `admin-${attempt}`;
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    try {
      await users.add({ name, password, scopes: ['admin'] }, BY);
      return { admins: [name], password };
    } catch (error) {
      // Made by another start just now, or the name of somebody without the right.
      if (!hasCode(error, 'NAME_TAKEN')) throw error;
    }
  }
  throw new SluiceError('NAME_TAKEN', 'no administrator could be made: every name for one belongs to another user');
}

async function adminsOf(users: UserDirectory): Promise<string[]> {
  const all = await whenConnected(() => users.list());
  return all.filter(({ scopes }) => scopes.includes('admin')).map(({ name }) => name);
}

async function makeDeviceKey(apiKeys: ApiKeys, device: string, owner: string): Promise<string> {
  const name = `demo-${device}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await apiKeys.revoke(name, BY).catch((error: unknown) => {
        if (!hasCode(error, 'API_KEY_NOT_FOUND')) throw error;
      });
      const { secret } = await apiKeys.create({ name, scopes: [`stream:write=${device}:*`], owner, isByAdmin: true });
      return secret;
    } catch (error) {
      if (!hasCode(error, 'NAME_TAKEN') || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** The connection to Redis is made in the background. */
async function whenConnected<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, 'LOG_UNAVAILABLE') || performance.now() > deadline) throw error;
    }
    await delay(RETRY_MS);
  }
}

function hasCode(error: unknown, code: SluiceError['code']): boolean {
  return error instanceof SluiceError && error.code === code;
}
