import { describe, expect, it } from '@jest/globals';
import { ConfigError, defineConfig } from './define-config.js';
import { SERVICE_SETTINGS } from './service-settings.js';

const definition = defineConfig({
  ...SERVICE_SETTINGS,
  port: { env: 'SLUICE_STREAM_STORE_PORT', type: 'port', default: 8100, doc: 'Port to listen on.' },
  redisUrl: { env: 'REDIS_URL', type: 'url', default: 'redis://127.0.0.1:6789', doc: 'Redis.' },
  maxLen: {
    env: 'REDIS_STREAM_MAXLEN',
    type: 'integer',
    default: null,
    min: 1,
    unit: 'entries',
    doc: 'Bound | of streams.',
  },
  ratio: { env: 'SLUICE_STREAM_STORE_RATIO', type: 'number', default: 0.5, min: 0, max: 1, doc: 'A ratio.' },
  key: { env: 'SLUICE_STREAM_STORE_KEY', type: 'text', default: null, secret: true, doc: 'A secret.' },
});

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    definition.parse(environment);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
}

describe('a configuration', () => {
  it('has its defaults where nothing, or an empty text, is set, and cannot be changed', () => {
    const config = definition.parse({ SLUICE_STREAM_STORE_PORT: '' });
    expect(config).toMatchObject({ port: 8100, maxLen: null, corsOrigins: [], allowAnonymous: false });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('reads every kind of value', () => {
    const config = definition.parse({
      SLUICE_STREAM_STORE_PORT: '0',
      REDIS_STREAM_MAXLEN: '10',
      SLUICE_STREAM_STORE_RATIO: '0.25',
      SLUICE_ALLOW_ANONYMOUS: 'Yes',
      SLUICE_CORS_ORIGINS: 'https://a.example, https://b.example,',
      SLUICE_LOG_LEVEL: 'warn',
    });
    const maxLen: number | null = config.maxLen;
    const level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' = config.logLevel;
    expect([config.port, maxLen, config.ratio, config.allowAnonymous, level]).toEqual([0, 10, 0.25, true, 'warn']);
    expect(config.corsOrigins).toEqual(['https://a.example', 'https://b.example']);
  });

  it.each([
    [
      { SLUICE_STREAM_STORE_PORT: '70000' },
      'SLUICE_STREAM_STORE_PORT must be a whole number from 0 to 65535, got "70000"',
    ],
    [{ REDIS_STREAM_MAXLEN: '0' }, 'REDIS_STREAM_MAXLEN must be a whole number of entries of at least 1, got "0"'],
    [{ REDIS_STREAM_MAXLEN: '1.5' }, 'REDIS_STREAM_MAXLEN must be a whole number of entries of at least 1, got "1.5"'],
    [{ SLUICE_STREAM_STORE_RATIO: 'x' }, 'SLUICE_STREAM_STORE_RATIO must be a number from 0 to 1, got "x"'],
    [{ REDIS_URL: 'nonsense' }, 'REDIS_URL must be a URL, got "nonsense"'],
    [
      { SLUICE_ALLOW_ANONYMOUS: 'maybe' },
      'SLUICE_ALLOW_ANONYMOUS must be 1 or 0 (true, false, yes, no, on, off), got "maybe"',
    ],
    [{ SLUICE_AUTH_MODE: 'strikt' }, 'SLUICE_AUTH_MODE must be one of open, strict, got "strikt"'],
    [{ SLUICE_HOTS: 'x' }, 'SLUICE_HOTS is not a setting; did you mean SLUICE_HOST?'],
    [
      { SLUICE_STREAM_STORE_PROT: '1' },
      'SLUICE_STREAM_STORE_PROT is not a setting; did you mean SLUICE_STREAM_STORE_PORT?',
    ],
    [{ SLUICE_ENTIRELY_DIFFERENT_THING: '1' }, 'SLUICE_ENTIRELY_DIFFERENT_THING is not a setting'],
  ])('refuses %j in words', (environment, problem) => {
    expect(problemsOf(environment as unknown as Record<string, string>)).toEqual([problem]);
  });

  it('names all problems at once', () => {
    expect(problemsOf({ SLUICE_HOTS: 'x', REDIS_URL: '', SLUICE_STREAM_STORE_PORT: '-1' })).toHaveLength(2);
  });

  it('leaves alone what other parts of the system read', () => {
    const foreign = [
      'SLUICE_API_GATEWAY_PORT',
      'SLUICE_STREAM_STORE_URL',
      'SLUICE_TEST_REDIS_URL',
      'SLUICE_REDIS_PORT',
      'SLUICE_DURABILITY',
    ];
    expect(problemsOf(Object.fromEntries(foreign.map((name) => [name, '1'])))).toEqual([]);
  });

  it('hides secrets and passwords', () => {
    const config = definition.parse({ SLUICE_STREAM_STORE_KEY: 'hunter2', REDIS_URL: 'redis://me:hunter2@db:6379' });
    expect(JSON.stringify(definition.redacted(config))).not.toContain('hunter2');
    expect(definition.redacted(config)).toMatchObject({ key: '(hidden)', redisUrl: 'redis://me:hidden@db:6379' });
  });

  it('prints itself as a Markdown table', () => {
    const rows = definition.table().split('\n');
    expect(rows[0]).toBe('| Variable | Default | Unit | Meaning |');
    expect(rows).toContain('| `REDIS_STREAM_MAXLEN` |  | entries | Bound \\| of streams. |');
    expect(rows).toContain('| `SLUICE_STREAM_STORE_PORT` | `8100` |  | Port to listen on. |');
  });
});
