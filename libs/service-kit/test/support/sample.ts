import { Controller, Get, Inject, Module, type OnModuleInit, Post, Query, Req, Res } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { ListStreamsQueryDto } from '@sluice/contracts/dto';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  CONFIG,
  type Connection,
  SERVICE_SETTINGS,
  type Service,
  type ServiceConfig,
  type ServiceOptions,
  UpgradeRouter,
  createService,
  defineConfig,
  identityOf,
} from '../../src/index.js';
import { SAMPLE_ROUTES } from './routes.js';

const sampleSettings = defineConfig({
  ...SERVICE_SETTINGS,
  port: { env: 'SLUICE_SAMPLE_PORT', type: 'port', default: 0, doc: 'Port.' },
});

@Controller('things')
class ThingsController {
  constructor(@Inject(CONFIG) private readonly config: ServiceConfig) {}

  @Get()
  list(@Query() query: ListStreamsQueryDto): object {
    return { limit: query.limit ?? 100, host: this.config.host };
  }

  @Post()
  make(): never {
    throw new SluiceError('LOG_FULL', 'no room', { details: { usedBytes: 7 } });
  }

  @Get('broken')
  broken(): never {
    throw new Error('a secret of the inside');
  }

  /** An answer that begins and goes on for ever. */
  @Get('who')
  who(@Req() request: FastifyRequest): object {
    const { subject, kind, credentialId, scopes, account, expiresAtMs } = identityOf(request.raw);
    return { subject, kind, credentialId, scopes, account, expiresAtMs };
  }

  @Get('forbidden')
  forbidden(): never {
    throw new SluiceError('FORBIDDEN', 'not this name');
  }

  @Get('endless')
  endless(@Res() reply: FastifyReply): void {
    reply.raw.writeHead(200, { 'content-type': 'text/plain' }).write('begun');
  }

  @Get('slow')
  async slow(): Promise<string> {
    await slowGate.promise;
    return 'done';
  }
}

/** Opened by a test to let `/things/slow` answer. */
export let slowGate = Promise.withResolvers<void>();

/** Connections of the sample's sockets, newest last. */
export const accepted: Connection[] = [];

@Module({ controllers: [ThingsController] })
export class SampleModule implements OnModuleInit {
  constructor(private readonly upgrades: UpgradeRouter) {}

  onModuleInit(): void {
    this.upgrades.register({
      path: '/echo/:name',
      protocols: ['sluice.v1'],
      prepare: ({ params, query }) => {
        if (query.has('bad')) throw new SluiceError('INVALID_PARAMETER', `bad must not be "${query.get('bad')}"`);
        if (params['name'] === 'forbidden') throw new SluiceError('FORBIDDEN', 'not this name');
        return { name: params['name'] ?? '' };
      },
      accept: (connection, { name }) => {
        accepted.push(connection);
        if (name === 'later') void connection.close(4403, 'FORBIDDEN: not this name');
        connection.onMessage((data, isBinary) => {
          connection.ws.send(isBinary ? data : `${name}: ${data.toString()}`);
        });
      },
    });
  }
}

/** Starts a small service on a free port. */
export async function startSample(
  environment: Record<string, string> = {},
  options: Partial<ServiceOptions<ServiceConfig>> = {},
): Promise<{ service: Service; url: string }> {
  slowGate = Promise.withResolvers<void>();
  const config = sampleSettings.parse({ SLUICE_LOG_LEVEL: 'silent', ...environment });
  const api = { title: 'Sample', description: 'A sample.', version: '1' };
  const service = await createService({
    name: 'sample',
    module: SampleModule,
    config,
    api,
    routes: SAMPLE_ROUTES,
    ...options,
  });
  return { service, url: await service.listen() };
}
