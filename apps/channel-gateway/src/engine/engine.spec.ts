import { expect, it } from '@jest/globals';
import { type GatewayModule } from '../sdk/module.js';
import { defineApplication } from '../sdk/application.js';
import { SimulatedClock } from './clock.js';
import { Engine, type ModuleFault } from './engine.js';
import { buildGraph } from './graph.js';

const making = { nextId: () => '1', timestamp: () => '2030-01-01T00:00:00' };

it('ends without a module that does not stop, and says which', async () => {
  const faults: ModuleFault[] = [];
  const engine = new Engine(
    new SimulatedClock(0),
    { onCycle: () => undefined, onFault: (fault) => faults.push(fault) },
    20,
  );
  const stuck: GatewayModule = { name: 'Stuck', connect: () => undefined, stop: () => new Promise(() => undefined) };
  const application = defineApplication({ channels: {}, modules: [stuck] });
  engine.start(buildGraph(application, { making, sink: engine }));
  await engine.stop();
  expect(faults).toMatchObject([{ module: 'Stuck', error: new Error('it did not stop within 20 ms') }]);
});
