import { Injectable } from '@nestjs/common';
import { Metrics } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { Counter, Gauge } from 'prom-client';
import { Gateway } from '../gateway.js';
import { NextTicks } from '../http/next-ticks.js';

/** Every metric of the channel gateway by name. Figures are read when somebody asks for them. */
@Injectable()
export class ChannelMetrics {
  constructor({ registry }: Metrics, gateway: Gateway, nextTicks: NextTicks, log: StreamLog) {
    const registers = [registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge('sluice_channels_modules_running', 'Whether the modules run on this replica', () =>
      Number(gateway.runner.isRunning),
    );
    gauge('sluice_channels_waiting_requests', 'Requests that wait for a next tick', () => nextTicks.count);
    gauge('sluice_channels_lookup_records', 'Records that can be looked up', () => gateway.live.index.size);
    gauge('sluice_channels_followers', 'Positions in the log that are followed', () => log.stats().followers);
    new Counter({
      name: 'sluice_channels_module_failures_total',
      help: 'Calls in which a module failed, by module',
      labelNames: ['module'],
      registers,
      collect() {
        this.reset();
        for (const [module, count] of gateway.runner.deadLetters.countByModule) this.inc({ module }, count);
      },
    });
    new Counter({
      name: 'sluice_channels_sent_ticks_total',
      help: 'Entries that clients sent and the log has taken',
      registers,
      collect() {
        this.reset();
        this.inc(log.stats().appendedEntries);
      },
    });
  }
}
