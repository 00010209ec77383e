import { Counter, Gauge, type Registry } from 'prom-client';
import { type UpgradeRouter } from './upgrade-router.js';

/** Tells how full the bounds are that the messages of all sockets share. */
export function measureIntake(upgrades: UpgradeRouter, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'sluice_socket_unfinished_bytes',
    help: 'Room given to messages of WebSockets that have not come whole',
    registers,
    collect() {
      this.set(upgrades.intake.unfinishedBytes);
    },
  });
  new Gauge({
    name: 'sluice_socket_inflating_bytes',
    help: 'Room given to compressed messages that are being inflated',
    registers,
    collect() {
      this.set(upgrades.intake.inflatingBytes);
    },
  });
  let cut = 0;
  new Counter({
    name: 'sluice_socket_stopped_messages_total',
    help: 'WebSockets cut because a message that others waited for did not come on',
    registers,
    collect() {
      this.inc(upgrades.intake.cut - cut);
      ({ cut } = upgrades.intake);
    },
  });
}
