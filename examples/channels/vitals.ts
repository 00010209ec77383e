// Records out of a device's binary stream: SLUICE_CHANNELS=examples/channels/vitals.ts npm start -- --demo
import { channel, defineApplication, recordType, Type } from '@sluice/channel-gateway/sdk';
import type { Connector, GatewayModule, Output, RecordOf } from '@sluice/channel-gateway/sdk';
import { Sluice } from '@sluice/sdk/node';

const Vitals = recordType('Vitals', {
  entry: Type.String({ default: '', description: 'Id of the entry in the stream.' }),
  bytes: Type.Integer({ default: 0 }),
  host: Type.Optional(Type.String()),
  cpuPercent: Type.Optional(Type.Number()),
});
const channels = { vitals: channel(Vitals), busy: channel(Vitals) };

/** Follows a stream for as long as this replica runs the modules. */
class FollowHost implements GatewayModule<typeof channels> {
  readonly name = 'FollowHost';
  private vitals: Output<RecordOf<typeof Vitals>> | null = null;

  connect(gateway: Connector<typeof channels>): void {
    this.vitals = gateway.output('vitals');
    const busy = gateway.output('busy');
    gateway.on(['vitals'], ({ vitals }) => {
      if (vitals !== undefined && (vitals.cpuPercent ?? 0) > 90) busy.tick(vitals);
    });
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const sluice = new Sluice({ url: process.env.SLUICE_URL ?? 'http://127.0.0.1:8000' });
    signal.addEventListener('abort', () => void sluice.close());
    for await (const { id, payload } of sluice.pull('host:vitals', { from: '$' })) {
      const { host, cpuPercent } = JSON.parse(new TextDecoder().decode(payload));
      this.vitals?.tick({ entry: id, bytes: payload.length, host, cpuPercent });
    }
  }
}

export default defineApplication({ title: 'Vitals', channels, modules: [new FollowHost()] });
