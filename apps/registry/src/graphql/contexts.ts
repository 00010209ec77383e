import { Injectable } from '@nestjs/common';
import { Devices, StreamMeta } from '@sluice/catalog';
import { type Identity } from '@sluice/service-kit';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { type AnswerShare } from '../answers/answer-share.js';
import { Pace } from '../answers/pace.js';
import { DeviceLoader } from '../devices/device-loader.js';
import { MetaIndex } from '../search/meta-index.js';
import { StreamLoaders } from '../streams/stream-loaders.js';
import { StreamNames } from '../streams/stream-names.js';
import { StreamRates } from '../streams/stream-rates.js';
import { OperationContext } from './operation-context.js';

/** Makes the context of each operation. */
@Injectable()
export class Contexts {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly log: StreamLog,
    private readonly meta: StreamMeta,
    private readonly devices: Devices,
    private readonly index: MetaIndex,
    private readonly rates: StreamRates,
    private readonly pace: Pace,
  ) {}

  create(identity: Identity, share: AnswerShare): OperationContext {
    const { admin, log, meta, devices, index, rates, pace } = this;
    const context: OperationContext = new OperationContext(
      identity,
      new StreamNames(admin, index, identity, (state) => context.tell('index', state)),
      new StreamLoaders(admin.commands, log, { meta, rates, share }),
      new DeviceLoader(devices),
      share,
      pace,
    );
    return context;
  }
}
