import { Injectable } from '@nestjs/common';
import { Readiness } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { Gateway } from '../gateway.js';

/** Ready while Redis answers; says what an accepted record promises, and whether the modules run here. */
@Injectable()
export class LogReadiness {
  constructor(readiness: Readiness, log: StreamLog, gateway: Gateway) {
    readiness.add('log', async () => {
      await log.assertReachable();
      const { asked, holds, isMet } = await log.readDurability();
      const detail = isMet ? `accepted records are durable: ${asked}` : `asked for ${asked}, Redis gives ${holds}`;
      const runsModules = gateway.runner.isRunning;
      return { ready: true, detail, durability: asked, holds, isMet, runsModules, isCluster: log.isCluster };
    });
  }
}
