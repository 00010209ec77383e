import { Injectable } from '@nestjs/common';
import { Devices, EVENT_STREAMS, StreamMeta } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import { StreamAdmin } from '@sluice/stream-log';

/** Streams that are deleted at a time. */
const AT_A_TIME = 200;

/** Deletes what belongs to the dialects of streams: their streams, metadata and devices; never users, keys or the audit trail. */
@Injectable()
export class Flush {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly meta: StreamMeta,
    private readonly devices: Devices,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE, with part of it deleted: do it again */
  async run(): Promise<void> {
    await this.each(await this.admin.findNames(), (name) => this.admin.deleteStream(name));
    await this.each(await this.meta.list(), (name) => this.meta.delete(name));
    await this.devices.flush();
    const keys = EVENT_STREAMS.map((key) => ({ name: 'UNLINK', args: [key], subject: `stream "${key}"` }));
    const failed = (await this.admin.commands.runAll(keys)).find((reply) => reply instanceof SluiceError);
    if (failed instanceof SluiceError) throw failed;
  }

  private async each(names: readonly string[], work: (name: string) => Promise<unknown>): Promise<void> {
    for (let at = 0; at < names.length; at += AT_A_TIME) {
      await Promise.all(names.slice(at, at + AT_A_TIME).map(work));
    }
  }
}
