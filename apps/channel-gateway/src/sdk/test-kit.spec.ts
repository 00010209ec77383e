import { describe, expect, it } from '@jest/globals';
import { defineApplication, type Mounts } from './application.js';
import { enumValue, nested } from '../records/fields.js';
import { basket, channel, type ChannelDeclaration, type Channels, enumBasket, field, list } from './channels.js';
import { type GatewayModule } from './module.js';
import { recordType, type RecordOf } from '../records/record-type.js';
import { TestKit } from './test-kit.js';
import { Type } from 'typebox';

const Tick = recordType('Tick', { x: Type.Integer({ default: 0 }) });
const Other = recordType('Other', { x: Type.Integer({ default: 0 }) });
type TickRecord = RecordOf<typeof Tick>;

const channels = {
  name: field('lab'),
  input: channel(Tick, { sendable: true }),
  doubled: channel(Tick),
  sums: list(Tick),
  sides: enumBasket({ LEFT: 1, RIGHT: 2 }, Tick, { sendable: true }),
  named: basket(['a'], Tick),
  silent: channel(Tick),
};

const kitOf = (...modules: GatewayModule<typeof channels>[]): TestKit =>
  new TestKit(defineApplication({ channels, modules }));
const xOf = (kit: TestKit, name: string): number[] => kit.values(name).map((value) => (value as TickRecord).x);

const doubler: GatewayModule<typeof channels> = {
  name: 'Doubler',
  connect: (gateway) => {
    const doubled = gateway.output('doubled');
    gateway.on(['input'], ({ input }) => doubled.tick({ x: (input?.x ?? 0) * 2 }));
  },
};

describe('an application over simulated time', () => {
  it('calls modules in the order of what they read, whatever order they are declared in', () => {
    const seen: [number, number | undefined][] = [];
    const watcher: GatewayModule<typeof channels> = {
      name: 'Watcher',
      connect: (gateway) => {
        gateway.on(['input', 'doubled'], (ticks) => {
          seen.push([ticks.input?.x ?? -1, ticks.doubled?.x]);
        });
      },
    };
    const kit = kitOf(watcher, doubler);
    kit.send('input', { x: 4 });
    expect(seen).toEqual([[4, 8]]);
    expect(xOf(kit, 'doubled')).toEqual([8]);
  });

  it('runs timers at their times, all that are due at a time in one cycle', () => {
    const times: [string, number][] = [];
    let cycles = 0;
    const module: GatewayModule<typeof channels> = {
      name: 'Timers',
      connect: (gateway) => {
        const [doubled, sums] = [gateway.output('doubled'), gateway.output('sums')];
        gateway.every(1000, ({ nowMs }) => {
          times.push(['every', nowMs]);
          doubled.tick({ x: 1 });
        });
        gateway.after(1000, ({ nowMs }) => {
          times.push(['after', nowMs]);
          sums.tick([{ x: 1 }, { x: 2 }]);
        });
        gateway.on(['doubled', 'sums'], () => {
          cycles += 1;
        });
      },
    };
    const kit = kitOf(module);
    const start = kit.nowMs;
    kit.advance(2500);
    expect(times.map(([what, at]) => [what, at - start])).toEqual([
      ['every', 1000],
      ['after', 1000],
      ['every', 2000],
    ]);
    expect(cycles).toBe(2);
    expect(kit.ticks('doubled').map(({ atMs }) => atMs - start)).toEqual([1000, 2000]);
  });

  it('brings a tick back to its own module one cycle later', () => {
    const steps: number[] = [];
    const loop: GatewayModule<typeof channels> = {
      name: 'Loop',
      connect: (gateway) => {
        const doubled = gateway.output('doubled');
        gateway.on(['input', 'doubled'], (ticks) => {
          const x = ticks.doubled?.x ?? ticks.input?.x ?? 0;
          steps.push(x);
          if (x < 3) doubled.tick({ x: x + 1 });
        });
      },
    };
    const kit = kitOf(loop);
    kit.send('input', { x: 1 });
    expect(steps).toEqual([1, 2, 3]);
  });

  it('delivers several ticks of a cycle one after the other and loses none', () => {
    const twice: GatewayModule<typeof channels> = {
      name: 'Twice',
      connect: (gateway) => {
        const doubled = gateway.output('doubled');
        gateway.on(['input'], () => {
          doubled.tick({ x: 1 });
          doubled.tick({ x: 2 });
        });
      },
    };
    const sums: number[] = [];
    const reader: GatewayModule<typeof channels> = {
      name: 'Reader',
      connect: (gateway) => gateway.on(['doubled'], ({ doubled }) => void sums.push(doubled?.x ?? 0)),
    };
    const kit = kitOf(reader, twice, doubler);
    kit.send('input', { x: 5 });
    expect(sums).toEqual([1, 2, 10]);
    expect(new Set(kit.ticks('doubled').map(({ atMs }) => atMs)).size).toBe(1);
  });

  it('goes on when a module throws, and tells what it was given', () => {
    const broken: GatewayModule<typeof channels> = {
      name: 'Broken',
      connect: (gateway) =>
        gateway.on(['input'], () => {
          throw new Error('no');
        }),
    };
    const kit = kitOf(broken, doubler);
    kit.send('input', { x: 2 });
    expect(xOf(kit, 'doubled')).toEqual([4]);
    expect(kit.faults).toMatchObject([{ module: 'Broken', ticks: { input: { x: 2 } } }]);
  });

  it('ticks keys of baskets, those that modules add among them', () => {
    const module: GatewayModule<typeof channels> = {
      name: 'Baskets',
      dynamicKeys: () => ({ named: ['b'] }),
      connect: (gateway) => {
        const named = gateway.output('named');
        gateway.on(['sides'], ({ sides }) => named.tick({ a: { x: sides?.LEFT?.x ?? 0 }, b: { x: 7 } }));
      },
    };
    const kit = kitOf(module);
    kit.send('sides', { LEFT: { x: 3 } });
    expect(kit.values('named')).toMatchObject([{ a: { x: 3 }, b: { x: 7 } }]);
  });

  it('keeps one record the same on all channels it ticks', () => {
    const module: GatewayModule<typeof channels> = {
      name: 'Same',
      connect: (gateway) => {
        const [doubled, sums] = [gateway.output('doubled'), gateway.output('sums')];
        gateway.on(['input'], () => {
          const one = gateway.make(Tick, { x: 1 });
          doubled.tick(one);
          sums.tick([one]);
        });
      },
    };
    const kit = kitOf(module);
    kit.send('input', {});
    expect(kit.values('sums')).toEqual([[kit.values('doubled')[0]]]);
  });

  it('tells of a tick that is none of its channel', () => {
    const module: GatewayModule<typeof channels> = {
      name: 'Wrong',
      connect: (gateway) => {
        const outputs = {
          doubled: gateway.output('doubled'),
          sums: gateway.output('sums'),
          sides: gateway.output('sides'),
        };
        gateway.after(1, () => outputs.doubled.tick({ x: 'many' } as never));
        gateway.after(1, () => outputs.sums.tick({ x: 1 } as never));
        gateway.after(1, () => outputs.sides.tick({ UP: { x: 1 } } as never));
      },
    };
    const kit = kitOf(module);
    kit.advance(1);
    expect(kit.faults.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('channel "doubled": the record is no Tick'),
      expect.stringContaining('channel "sums" takes lists'),
      expect.stringContaining('basket "sides" has no key "UP"'),
    ]);
  });

  it('starts and stops what modules do by themselves', async () => {
    let aborted = false;
    const module: GatewayModule<typeof channels> = {
      name: 'Source',
      connect: (gateway) => {
        const doubled = gateway.output('doubled');
        module.start = ({ signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          doubled.tick({ x: 42 });
        };
      },
    };
    const kit = kitOf(module);
    expect(xOf(kit, 'doubled')).toEqual([42]);
    await kit.stop();
    expect(aborted).toBe(true);
  });

  it('completes what a module ticks, and the records in it', () => {
    const Part = recordType('Part', { colour: Type.Optional(enumValue({ red: 1, blue: 2 })) });
    const Whole = recordType('Whole', {
      one: Type.Optional(nested(Part)),
      many: Type.Array(nested(Part), { default: [] }),
    });
    const module: GatewayModule<{ wholes: ChannelDeclaration<RecordOf<typeof Whole>> }> = {
      name: 'Maker',
      connect: (gateway) => {
        const wholes = gateway.output('wholes');
        gateway.after(1, () => wholes.tick({ one: { colour: 2 }, many: [{ colour: 1 }, {}] }));
      },
    };
    const kit = new TestKit(defineApplication({ channels: { wholes: channel(Whole) }, modules: [module] }));
    kit.advance(1);
    expect(kit.faults).toEqual([]);
    const part = { id: expect.any(String), timestamp: expect.any(String) };
    expect(kit.values('wholes')).toEqual([
      { ...part, one: { ...part, colour: 2 }, many: [{ ...part, colour: 1 }, part] },
    ]);
  });

  it.each([
    ['a large integer', 1n],
    ['a date', new Date(0)],
    ['a function', () => 1],
    ['a map', new Map()],
    ['an object that writes itself', { toJSON: () => 1 }],
  ])('refuses %s where a module ticks anything', (_what, value) => {
    const Anything = recordType('Anything', {
      value: Type.Optional(Type.Any()),
      list: Type.Optional(Type.Array(Type.Any())),
    });
    const module: GatewayModule<{ all: ChannelDeclaration<RecordOf<typeof Anything>> }> = {
      name: 'Maker',
      connect: (gateway) => {
        const all = gateway.output('all');
        gateway.after(1, () => all.tick({ value }));
        gateway.after(2, () => all.tick({ list: [{ value }] }));
        gateway.after(3, () => all.tick({ value: { of: [1, null, 'json', { x: true }] } }));
      },
    };
    const kit = new TestKit(defineApplication({ channels: { all: channel(Anything) }, modules: [module] }));
    kit.advance(3);
    expect(kit.faults.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('Input should be JSON'),
      expect.stringContaining('Input should be JSON'),
    ]);
    expect(kit.values('all')).toMatchObject([{ value: { of: [1, null, 'json', { x: true }] } }]);
  });

  it('takes from a test what clients can send', () => {
    const kit = kitOf(doubler);
    kit.send('input', [{ x: 1 }, { x: 2 }]);
    kit.send('sums', { x: 3 });
    expect(xOf(kit, 'doubled')).toEqual([2, 4]);
    expect(kit.values('sums')).toMatchObject([[{ x: 3 }]]);
    expect(() => kit.send('sides', { UP: {} })).toThrow('UP.[key]: Input should be 1 or 2');
    expect(() => kit.send('sides', 5)).toThrow('Input should be a valid dictionary');
  });

  it('refuses calls that have no effect outside of connect', () => {
    const kit = kitOf({
      name: 'Late',
      connect: (gateway) => gateway.on(['input'], () => gateway.on(['sides'], () => undefined)),
    });
    kit.send('input', {});
    expect(kit.faults.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('module "Late" calls on() after connect'),
    ]);
  });

  it('tells which module fails when it stops', async () => {
    const kit = kitOf({ name: 'Bad', connect: () => undefined, stop: () => JSON.parse('{') as void });
    await kit.stop();
    expect(kit.faults).toMatchObject([{ module: 'Bad' }]);
  });
});

describe('an application that cannot be built', () => {
  const failure = (module: Partial<GatewayModule<typeof channels>>, declared: Channels = channels): string => {
    try {
      const whole = { name: 'Bad', connect: () => undefined, ...module };
      new TestKit(defineApplication({ channels: declared as typeof channels, modules: [whole] }));
    } catch (error) {
      return String(error);
    }
    return 'built';
  };

  it.each<[string, Partial<GatewayModule<typeof channels>>, string]>([
    [
      'an unknown channel',
      { connect: (g) => g.on(['nope' as 'input'], () => undefined) },
      'module "Bad" reads channel "nope"',
    ],
    ['an unknown output', { connect: (g) => void g.output('nope' as 'input') }, 'module "Bad" ticks channel "nope"'],
    ['a field read as a channel', { connect: (g) => g.on(['name' as 'input'], () => undefined) }, 'is a static field'],
    ['a channel nobody ticks', { connect: (g) => g.on(['silent'], () => undefined) }, 'reads channel "silent"'],
    ['keys for what is no basket', { dynamicKeys: () => ({ input: ['a'] }) }, 'adds keys to "input"'],
    ['a channel of another type', { dynamicChannels: () => ({ input: channel(Other) }) }, 'adds channel "input"'],
    [
      'an asynchronous connect',
      { connect: (() => Promise.reject(new Error('late'))) as () => void },
      'module "Bad" connects asynchronously',
    ],
    ['no connect', { connect: undefined as unknown as () => void }, 'module "Bad" has no method connect'],
    ['no name', { name: '' }, 'a module has no name'],
    [
      'a channel required that there is not',
      { requires: ['inptu'] },
      'requires of module "Bad" names the channel "inptu"',
    ],
    ['an error in what it adds', { dynamicKeys: () => JSON.parse('{') as never }, 'module "Bad" fails in dynamicKeys'],
    ['an error of the module', { connect: () => JSON.parse('{') as void }, 'module "Bad" does not connect'],
  ])('names the module and the channel: %s', (_case, module, words) => {
    expect(failure(module)).toContain(words);
  });

  it('is none when the silent channel is not required', () => {
    const connect: GatewayModule<typeof channels>['connect'] = (g) => g.on(['silent'], () => undefined);
    expect(failure({ connect, requires: [] })).toBe('built');
    expect(failure({ connect, requires: { exclude: ['silent'] } })).toBe('built');
  });

  it('refuses two modules of one name, and names that no path can have', () => {
    expect(() => kitOf(doubler, doubler)).toThrow('two modules are called "Doubler"');
    expect(failure({}, { ...channels, 'a/b': channel(Tick) })).toContain('channel "a/b"');
    expect(failure({}, { ...channels, bare: Tick as never })).toContain('channel "bare" is not made with channel()');
    expect(failure({}, { ...channels, none: undefined as never })).toContain(
      'channel "none" is not made with channel()',
    );
    expect(failure({}, { ...channels, id: channel(Tick) })).toContain('channel "id": the name is taken');
    expect(failure({}, { ...channels, heartbeat: channel(Tick) })).toContain('channel "heartbeat"');
  });

  it('refuses what cannot be served', () => {
    const states = channel(Tick, { states: [{ keyBy: [] }] });
    expect(failure({}, { ...channels, states })).toContain('state "states" of channel "states" is keyed by nothing');
    const built = (declared: Channels, mounts: Mounts): TestKit =>
      new TestKit(defineApplication({ channels: declared, modules: [], mounts }));
    expect(() => built(channels, { last: ['nope'] })).toThrow('mounts.last names the channel "nope"');
    expect(() => built(channels, { send: { exclude: ['nope'] } })).toThrow('mounts.send names the channel "nope"');
    expect(() => built(channels, { stream: { heartbeatMs: Infinity } })).toThrow('heartbeatMs is Infinity');
    expect(() => built({ controls: channel(Tick) }, { controls: { stats: true } })).toThrow('channel "controls"');
    expect(() => built({ controls: channel(Tick) }, {})).not.toThrow();
  });
});
