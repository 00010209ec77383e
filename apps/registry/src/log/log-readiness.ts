import { Injectable } from '@nestjs/common';
import { Readiness } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';

/** Ready while Redis answers. */
@Injectable()
export class LogReadiness {
  constructor(readiness: Readiness, log: StreamLog) {
    readiness.add('log', async () => {
      await log.assertReachable();
      return { ready: true, isCluster: log.isCluster };
    });
  }
}
