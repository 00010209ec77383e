import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeLengthPrefixed } from '@sluice/wire';
import {
  freePort,
  sharedRedisUrl,
  startApp,
  temporaryDirectory,
  uniqueName,
  waitFor,
  type RunningApp,
} from '@sluice/testing';
import { encodePicture } from '../src/picture/encode.js';
import { run, start } from './terminal.js';

let app: RunningApp;
let url: string;

beforeAll(async () => {
  app = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() });
  url = app.url;
});
afterAll(() => app.kill());

const lines = (out: Buffer): string[] => out.toString().split('\n').filter(Boolean);
const objects = (out: Buffer): Record<string, unknown>[] =>
  lines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

async function pulled(stream: string, count: number, ...args: string[]): Promise<string[]> {
  const { out, code, err } = await run(
    ['pull', stream, '--from', 'start', '--count', `${count}`, '--format', 'text', ...args],
    url,
  );
  expect([code, err.includes('sluice:')]).toEqual([0, false]);
  return lines(out);
}

describe.each([[], ['--rest']])('push %s', (...rest) => {
  const how = rest.filter((arg) => typeof arg === 'string');

  it('stores texts and files, and prints the ids', async () => {
    const stream = uniqueName();
    const { code, out } = await run(['push', stream, 'one', 'two', ...how], url);
    expect(code).toBe(0);
    expect(lines(out)).toEqual([expect.stringMatching(/^\d+-\d+$/), expect.stringMatching(/^\d+-\d+$/)]);
    expect(await pulled(stream, 2, ...how)).toEqual(['one', 'two']);
  });

  it('stores the lines of standard input in order', async () => {
    const stream = uniqueName();
    const { code, err } = await run(['push', stream, '--stdin', ...how], url, numbers(0, 1000).join('\n'));
    expect(code).toBe(0);
    expect(err).toMatch(/pushed 1,000 entries, .*\/s/);
    expect(await pulled(stream, 1000, ...how)).toEqual(numbers(0, 1000));
  });

  it('stores length-prefixed entries byte for byte', async () => {
    const stream = uniqueName();
    const input = encodeLengthPrefixed([new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, at) => at)]);
    await run(['push', stream, '--stdin', '--framing', 'length', ...how], url, input);
    const { out } = await run(['pull', stream, '--from', 'start', '--count', '2', '--format', 'length', ...how], url);
    expect(Buffer.compare(out, input)).toBe(0);
  });

  it('stores the pictures of a camera', async () => {
    const stream = uniqueName();
    const pictures = await Promise.all(
      [0, 1].map((frame) => encodePicture({ height: 20, width: 30, channels: 3 }, frame)),
    );
    await run(['push', stream, '--stdin', '--framing', 'mjpeg', ...how], url, Buffer.concat(pictures));
    const { out } = await run(['pull', stream, '--from', 'start', '--count', '2', '--format', 'raw', ...how], url);
    expect(Buffer.compare(out, Buffer.concat(pictures))).toBe(0);
  });

  it('counts up', async () => {
    const stream = uniqueName();
    expect((await run(['push-increment', stream, '--max-value', '300', ...how], url)).code).toBe(0);
    const { out } = await run(['pull-raw', stream, '--from', 'start', '--count', '300', '--json', ...how], url);
    expect(objects(out).map(({ text }) => text)).toEqual(numbers(0, 300));
    expect(objects(out)[0]).toMatchObject({ stream: `default:${stream}`, bytes: 1, id: expect.stringMatching(/-/) });
  });

  it('draws pictures that can be saved', async () => {
    const stream = uniqueName();
    const folder = temporaryDirectory('frames');
    await run(['push-image', stream, '--shape', '[20,30,3]', '--count', '3', '--fps', '0', ...how], url);
    const { code, out } = await run(
      ['pull-image', stream, '--from', 'start', '--count', '3', '--save', folder, '--json', ...how],
      url,
    );
    expect(code).toBe(0);
    expect(objects(out)).toMatchObject([{ width: 30, height: 20, format: 'jpeg' }, {}, {}]);
    expect((await readdir(folder)).sort()).toEqual(
      objects(out)
        .map(({ file }) => (file as string).slice(folder.length + 1))
        .sort(),
    );
    expect((await readFile(join(folder, (await readdir(folder))[0] ?? ''))).subarray(0, 2)).toEqual(
      Buffer.from([0xff, 0xd8]),
    );
  });
});

describe('push', () => {
  it('takes an own id and an idempotency key', async () => {
    const stream = uniqueName();
    expect((await run(['push', stream, 'x', '--id', '5-1', '--json'], url)).out.toString()).toBe('{"id":"5-1"}\n');
    const first = await run(['push', stream, 'y', '--key', 'k'], url);
    expect((await run(['push', stream, 'y', '--key', 'k'], url)).out).toEqual(first.out);
    const refused = await run(['push', stream, 'z', '--id', '5-1'], url);
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('ID_NOT_ABOVE_LAST')]);
  });

  it('says that standard input held no picture, and takes an empty one', async () => {
    const args = ['push', uniqueName(), '--stdin', '--framing', 'mjpeg'];
    const rubbish = await run(args, url, 'rubbish');
    expect([rubbish.code, rubbish.err]).toEqual([1, expect.stringContaining('held 7 bytes and no whole JPEG picture')]);
    expect((await run(args, url, '')).code).toBe(0);
  });

  it('stores what came before an input that was cut short, and says that it was', async () => {
    const stream = uniqueName();
    const picture = await encodePicture({ height: 20, width: 30, channels: 3 }, 0);
    const input = Buffer.concat([picture, picture.subarray(0, 40)]);
    const pushed = await run(['push', stream, '--stdin', '--framing', 'mjpeg'], url, input);
    expect([pushed.code, pushed.err]).toEqual([1, expect.stringContaining('40 bytes into an unfinished picture')]);
    const { out } = await run(['pull', stream, '--from', 'start', '--count', '1', '--format', 'raw'], url);
    expect(Buffer.compare(out, picture)).toBe(0);
  });

  it('prints ids of standard input in order for programs', async () => {
    const stream = uniqueName();
    const { out } = await run(['push', stream, '--stdin', '--json'], url, numbers(0, 500).join('\n'));
    const { out: ranged } = await run(['range', stream, '--json'], url);
    expect(objects(out).map(({ id }) => id)).toEqual(objects(ranged).map(({ id }) => id));
  });

  it('finishes what it has read when it is interrupted', async () => {
    const stream = uniqueName();
    const running = start(['push', stream, '--stdin'], url);
    running.stdin.write('one\ntwo\n');
    await waitFor(async () => (await run(['info', stream], url)).code === 0);
    running.interrupt();
    expect((await running.done).code).toBe(130);
    expect(await pulled(stream, 2)).toEqual(['one', 'two']);
  });
});

describe('pull', () => {
  it('prints what comes from now on, until it is interrupted', async () => {
    const stream = uniqueName();
    await run(['push', stream, 'before'], url);
    const running = start(['pull', stream, '--device', ''], url);
    await waitFor(async () => {
      await run(['push', stream, 'now'], url);
      return running.out().includes('now');
    });
    expect(running.out()).toMatch(new RegExp(`^default:${stream}  \\d+-\\d+  now\n`));
    running.interrupt('SIGTERM');
    expect((await running.done).code).toBe(143);
  });

  it('says that a name with a * is no pattern until it is told so', async () => {
    const stream = `default:${uniqueName()}*`;
    await run(['push', stream, 'x'], url);
    const pull = ['pull', stream, '--from', 'start', '--count', '1', '--format', 'text'];
    const { out, err } = await run(pull, url);
    expect(lines(out)).toEqual(['x']);
    expect(err).toContain('--pattern');
    expect((await run([...pull, '--pattern'], url)).err).not.toContain('--pattern');
  });

  it('follows patterns and devices', async () => {
    const device = uniqueName();
    await run(['push', 'a', 'x', '--device', device], url);
    await run(['push', `${device}:b`, 'y'], url);
    const { out } = await run(['pull', `${device}:*`, '--pattern', '--from', 'start', '--count', '2', '--json'], url);
    expect(
      objects(out)
        .map(({ stream }) => String(stream))
        .sort(),
    ).toEqual([`${device}:a`, `${device}:b`]);
  });

  it('shows pictures in a terminal, and says what is none', async () => {
    const stream = uniqueName();
    await run(['push-image', stream, '--shape', '[20,40,3]', '--count', '1', '--fps', '0'], url);
    await run(['push', stream, 'text'], url);
    const running = start(['pull-image', stream, '--from', 'start', '--count', '2'], url, { columns: 20, rows: 12 });
    const { code, out } = await running.done;
    expect(code).toBe(0);
    expect(out.toString()).toContain('▀');
    expect(out.toString()).toContain('not a picture');
    expect(out.toString().endsWith('\u001B[?25h\n')).toBe(true);
  });

  it('reads ranges and the nearest entry', async () => {
    const stream = uniqueName();
    for (const value of [1, 2, 3]) await run(['push', stream, `${value}`, '--id', `${value}000-0`], url);
    const texts = async (...args: string[]): Promise<string[]> =>
      lines((await run([...args, '--format', 'text'], url)).out);
    expect(await texts('range', stream)).toEqual(['1', '2', '3']);
    expect(await texts('range', stream, '--reverse', '--count', '1')).toEqual(['3']);
    expect(await texts('range', stream, '--start', '2000', '--end', '2500')).toEqual(['2']);
    expect(await texts('nearest', stream, '2900')).toEqual(['3']);
    const nowhere = await run(['nearest', uniqueName(), '2900'], url);
    expect([nowhere.code, nowhere.err]).toEqual([4, expect.stringContaining('has no entries [STREAM_NOT_FOUND]')]);
  });
});

describe('looking', () => {
  it('lists streams and describes one, for people and for programs', async () => {
    const device = uniqueName();
    await run(['push', `${device}:a`, 'x'], url);
    await run(['push', `${device}:b`, 'x'], url);
    const list = await run(['ls', '--device', device], url);
    expect(lines(list.out)).toEqual([
      expect.stringMatching(/^stream +entries +size +rate/),
      expect.stringContaining(`${device}:a`),
      expect.stringContaining(`${device}:b`),
    ]);
    expect(objects((await run(['ls', '--match', `${device}:*`, '--json'], url)).out)).toMatchObject([
      { length: 1 },
      { length: 1 },
    ]);
    const info = await run(['info', `${device}:a`], url);
    expect(info.out.toString()).toMatch(/entries +1 \(1 ever appended\)/);
    expect(objects((await run(['info', 'a', '--device', device, '--json'], url)).out)).toMatchObject([
      { name: `${device}:a`, groupList: [] },
    ]);
    const prefix = uniqueName();
    const empty = await run(['ls', '--prefix', prefix], url);
    const remark = expect.stringContaining(`no stream fits "${prefix}"`);
    expect([empty.code, empty.out.length, empty.err]).toEqual([0, 0, remark]);
  });

  it('measures, and leaves nothing behind', async () => {
    const { code, out } = await run(['bench', '--seconds', '0.1', '--rate', '100', '--json'], url);
    expect(code).toBe(0);
    expect(objects(out).map(({ entries }) => (entries as number) > 0)).toEqual([true, true, true]);
    expect((await run(['ls', '--prefix', 'bench:', '--json'], url)).out).toHaveLength(0);
  });
});

describe('the demonstration devices', () => {
  it.each([
    ['host', ['--rate', '50']],
    ['camera', ['--rate', '50', '--shape', '[20,30,3]']],
  ])('%s pushes until it is stopped, and says nothing', async (device, args) => {
    const stream = `${uniqueName()}:live`;
    const running = start(['demo', device, '--stream', stream, ...args], url);
    const { out } = await run(['pull', stream, '--from', 'start', '--count', '3', '--json'], url);
    const [entry] = objects(out);
    if (device === 'host')
      expect(JSON.parse(entry?.['text'] as string)).toMatchObject({ cpuPercent: expect.any(Number) });
    else expect(Buffer.from(entry?.['data'] as string, 'base64').subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    running.interrupt('SIGTERM');
    const { code, err, out: said } = await running.done;
    expect([code, err, said.length]).toEqual([143, '', 0]);
  });
});

describe('errors a script can use', () => {
  it.each([
    ['an unknown command', ['nonsense']],
    ['an unknown option', ['ls', '--nonsense']],
    ['no stream', ['pull']],
    ['an empty name', ['pull', '']],
    ['a reserved name', ['push', 'sluice:x', 'y']],
    ['nothing to push', ['push', 'x']],
    ['texts and standard input', ['push', 'x', 'y', '--stdin']],
    ['a wrong position', ['pull', 'x', '--from', 'yesterday']],
    ['a wrong number', ['pull', 'x', '--count', '-1']],
    ['a wrong shape', ['push-image', 'x', '--shape', 'big']],
    ['a file that is not there', ['push', 'x', '--file', '/nonexistent']],
    ['nowhere to put pictures', ['pull-image', 'x']],
    ['several streams over REST', ['pull', 'x', 'y', '--rest']],
    ['an address that is none', ['ls', '--url', 'nonsense']],
  ])('%s ends with 2 and a reason', async (_what, args) => {
    const { code, out, err } = await run(args, url);
    expect([code, out.length]).toEqual([2, 0]);
    expect(err).not.toBe('');
  });

  it.each([[['ls']], [['push', 'x', 'y']], [['push', 'x', 'y', '--rest']], [['pull', 'x']], [['bench']]])(
    '%j without a server ends with 3 and says how to start one',
    async (args) => {
      const { code, err } = await run(args, `http://127.0.0.1:${await freePort()}`);
      expect([code, err]).toEqual([3, expect.stringContaining('npm start')]);
    },
  );

  it('what the server refuses ends with 4', async () => {
    const { code, err } = await run(['info', uniqueName()], url);
    expect([code, err]).toEqual([4, expect.stringContaining('STREAM_NOT_FOUND')]);
  });

  it('understands every form of the address', async () => {
    for (const form of [url, `${url}/`, url.replace('http', 'ws')])
      expect((await run(['ls', '--url', form], url)).code).toBe(0);
  });

  it('explains itself, every command with an example', async () => {
    const { code, out } = await run(['--help'], url);
    expect(code).toBe(0);
    expect(out.toString()).toContain('Exit codes:');
    const commands = [
      'push',
      'push-increment',
      'pull',
      'pull-raw',
      'range',
      'nearest',
      'push-image',
      'pull-image',
      'ls',
      'info',
      'bench',
    ];
    for (const command of [...commands.map((name) => [name]), ['demo', 'host'], ['demo', 'camera']]) {
      const help = await run([...command, '--help'], url);
      expect(help.out.toString()).toMatch(/Examples?:\n +\$ sluice /);
      expect(help.out.toString()).toContain('--url');
    }
  });
});
