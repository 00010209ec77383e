import {
  channel,
  dateTime,
  date,
  defineApplication,
  enumBasket,
  basket,
  field,
  list,
  recordType,
  RecordValueError,
  Type,
  type Connector,
  type GatewayModule,
} from '../sdk/index.js';
import { readDate, timestampOf } from '../records/times.js';

const startedAt = timestampOf(Date.now());
const PERIOD_MS = 1000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Keys of the demo's basket. */
const ExampleEnum = { A: 1, B: 2, C: 3 } as const;

const ExampleData = recordType(
  'ExampleData',
  {
    x: Type.Optional(Type.Integer({ description: 'Not negative.' })),
    y: Type.String({ default: '' }),
    z: Type.String({ default: '' }),
    internal_csp_struct: Type.Object({ z: Type.Integer({ default: 12 }) }, { default: { z: 12 } }),
    data: Type.Array(Type.Number(), { default: [] }),
    mapping: Type.Record(Type.String(), Type.Integer(), { default: {} }),
    dt: dateTime({ default: startedAt }),
    d: date({ default: readDate(startedAt.slice(0, 10)) ?? '' }),
  },
  {
    qualifiedName: 'csp_gateway.server.demo.omnibus.ExampleData',
    validators: {
      after: [
        (record) => {
          if (typeof record.x === 'number' && record.x < 0) throw new RecordValueError('value must be non-negative.');
          return record;
        },
      ],
    },
  },
);

const channels = {
  metadata: field({ name: 'Demo' }),
  example: channel(ExampleData, { sendable: true, staged: true, states: [{ keyBy: ['id'] }] }),
  example_list: list(ExampleData),
  example_with_state: channel(ExampleData, { states: [{ keyBy: ['id', 'x'] }] }),
  example_with_state_multiple: channel(ExampleData, {
    states: [{ keyBy: ['id', 'x'] }, { keyBy: ['id', 'y'], alias: 'example_with_state_alternative' }],
  }),
  example_with_stage: channel(ExampleData, { staged: true }),
  basket: enumBasket(ExampleEnum, ExampleData, { sendable: true }),
  str_basket: basket([], ExampleData),
  never_ticks: channel(ExampleData),
};

/** Ticks everything of the demo but `never_ticks`, once a second. */
class ExampleModule implements GatewayModule<typeof channels> {
  readonly name = 'ExampleModule';

  dynamicKeys(): Record<string, string[]> {
    return { str_basket: ['a', 'b', 'c'] };
  }

  connect(gateway: Connector<typeof channels>): void {
    const example = gateway.output('example');
    const lists = gateway.output('example_list');
    const copies = [
      gateway.output('example_with_state'),
      gateway.output('example_with_state_multiple'),
      gateway.output('example_with_stage'),
    ];
    const byEnum = gateway.output('basket');
    const byText = gateway.output('str_basket');
    let x = 0;
    const record = (factor: number) =>
      gateway.make(ExampleData, {
        x,
        y: String(x).repeat(factor),
        z: LETTERS[Math.floor(Math.random() * LETTERS.length)] ?? 'a',
        data: Array.from({ length: 10 }, () => Math.random()),
        mapping: { [String(x)]: x },
      });
    gateway.every(PERIOD_MS, () => {
      x += 1;
      const one = record(3);
      example.tick(one);
      lists.tick([one]);
      for (const copy of copies) copy.tick(one);
      const [a, b, c] = [record(ExampleEnum.A), record(ExampleEnum.B), record(ExampleEnum.C)];
      byEnum.tick({ A: a, B: b, C: c });
      byText.tick({ a, b, c });
    });
  }
}

/** The application that runs unless another one is named: every shape of channel, ticking once a second. */
export const omnibus = defineApplication({
  title: 'Gateway',
  description: 'The demo: every shape of channel, once a second.',
  contact: { name: 'Sluice', email: 'example@domain.com' },
  channels,
  modules: [new ExampleModule()],
  mounts: {
    channelsGraph: true,
    fields: ['metadata'],
    controls: { heartbeat: true, stats: true, shutdown: true },
    tables: {
      more: { my_custom_table: { columns: { timestamp: 'datetime', x: 'integer', y: 'string' } } },
      layouts: { example: 'test' },
    },
  },
});
