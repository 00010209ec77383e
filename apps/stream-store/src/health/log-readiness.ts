import { Injectable } from '@nestjs/common';
import { type ReadinessCheck } from '@sluice/contracts';
import { Readiness } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';

/** Ready while Redis answers; says what an acknowledgement promises. */
@Injectable()
export class LogReadiness {
  constructor(
    readiness: Readiness,
    private readonly log: StreamLog,
  ) {
    readiness.add('log', () => this.check());
  }

  private async check(): Promise<ReadinessCheck> {
    await this.log.assertReachable();
    const { asked, holds, isMet } = await this.log.readDurability();
    const detail = isMet ? `acknowledged entries are durable: ${asked}` : `asked for ${asked}, Redis gives ${holds}`;
    return { ready: true, detail, durability: asked, holds, isMet, isCluster: this.log.isCluster };
  }
}
