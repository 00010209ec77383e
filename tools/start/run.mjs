import { build } from '../build.mjs';
import { withLock } from '../setup/lock.mjs';
import { onLauncherDeath } from '../setup/node.mjs';
import { Refusal, say } from '../setup/progress.mjs';
import { setUp } from '../setup.mjs';
import { frontDoor, ptgDoor } from './apps.mjs';
import { Instance } from './instance.mjs';
import { PidNotes } from './pids.mjs';
import { assertPortsFree } from './ports.mjs';
import { assertReachable } from './redis.mjs';
import { readSettings } from './settings.mjs';
import { printTable } from './table.mjs';

/** A second Ctrl-C within this time is the first one again: npm passes on what the terminal has sent already. */
const sameSignalMs = 700;

/**
 * Sets up, builds and starts what `options` choose, and stops it all when this process is told to end. Resolves with the
 * running `Instance`; throws a `Refusal` with nothing left running.
 */
export async function startSluice(options) {
  const startedAt = Date.now();
  const settings = readSettings(process.env, options);
  const { redis } = await setUp();
  await claim();
  await checkSurroundings(settings, options);
  await build();
  const instance = new Instance({ settings, options, redis });
  stopOnSignals(instance);
  try {
    await instance.up();
  } catch (error) {
    await instance.down();
    throw error;
  }
  printTable({ settings, options, instance, seconds: (Date.now() - startedAt) / 1000 });
  return instance;
}

/** Makes this the one running start of the checkout, and ends what a killed one has left. */
async function claim() {
  await withLock('start', async () => {
    const notes = new PidNotes();
    const other = notes.running('start');
    if (other)
      throw new Refusal(
        `Sluice already runs from this folder (process ${other.pid}): stop it there, or: kill ${other.pid}`,
      );
    const ended = await notes.reap();
    if (ended.length > 0) say(`ended what a killed run had left: ${ended.join(', ')}`);
    notes.write('start', process.pid);
    process.on('exit', () => notes.remove('start'));
  });
}

async function checkSurroundings(settings, { apps }) {
  const wanted = apps.map(({ name, portVariable }) => ({
    name,
    host: settings.host,
    port: settings.ports[name],
    variable: portVariable,
  }));
  if (settings.ptgPort !== null && apps.some(({ name }) => name === frontDoor)) {
    const { name, portVariable } = ptgDoor;
    wanted.push({ name, host: settings.host, port: settings.ptgPort, variable: portVariable });
  }
  if (settings.redis.url) await assertReachable(settings.redis.url);
  else wanted.push({ name: 'Redis', host: '127.0.0.1', port: settings.redis.port, variable: 'SLUICE_REDIS_PORT' });
  await assertPortsFree(wanted);
}

function stopOnSignals(instance) {
  let firstAt = 0;
  const stop = async () => {
    if (firstAt === 0) {
      firstAt = Date.now();
      say('\nstopping …');
      await instance.down();
      process.exit(0);
    }
    if (Date.now() - firstAt > sameSignalMs) process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop());
  onLauncherDeath(() => void stop());
  process.on('exit', () => instance.kill());
  // The terminal may be gone before we are: stopping in order matters more than the last words.
  process.stdout.on('error', () => {});
}
