import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type HealthReport } from '@sluice/contracts';
import { type FastifyReply } from 'fastify';
import { Readiness } from './readiness.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process answers at all' })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether this service can work' })
  @ApiResponse({ status: 503, description: 'Not ready; the body says what is missing' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    return this.#report('own', reply);
  }

  @Get()
  @ApiOperation({ summary: 'Whether this service and all it stands for can work' })
  @ApiResponse({ status: 503, description: 'Not ready; the body says what is missing' })
  async health(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    return this.#report('system', reply);
  }

  async #report(scope: 'own' | 'system', reply: FastifyReply): Promise<HealthReport> {
    const report = await this.readiness.report(scope);
    reply.header('cache-control', 'no-store');
    reply.status(report.status === 'ready' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
