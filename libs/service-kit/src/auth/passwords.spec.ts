import { describe, expect, it } from '@jest/globals';
import { Passwords } from './passwords.js';

describe('passwords', () => {
  it('are kept as argon2id with a salt of their own, and known again', async () => {
    const passwords = new Passwords();
    const [one, other] = [await passwords.hash('wonderland'), await passwords.hash('wonderland')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(other);
    expect(await passwords.verify('wonderland', one)).toBe(true);
    expect(await passwords.verify('Wonderland', one)).toBe(false);
  });

  it.each([null, '', 'plain', '$argon2id$v=19$m=1,t=1,p=1$YQ$YQ', '$argon2i$v=19$m=19456,t=2,p=1$YQ$YQ'])(
    'are wrong where the hash is %j',
    async (hash) => {
      expect(await new Passwords().verify('wonderland', hash)).toBe(false);
    },
  );

  it('are hashed a few at a time; a crowd is told to come back, and the next one is served', async () => {
    const passwords = new Passwords();
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.verify('x', null)));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(40 - 34);
    expect(refused[0]).toMatchObject({ reason: { code: 'RATE_LIMITED', details: { retryAfterSeconds: 2 } } });
    expect(await passwords.verify('x', null)).toBe(false);
  });
});
