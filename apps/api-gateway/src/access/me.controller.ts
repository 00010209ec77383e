import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type AuditEntryView, type Me } from '@sluice/contracts';
import { AuditEntryDto, AuditQueryDto, MeDto } from '@sluice/contracts/dto';
import { AuditTrail, CONFIG, Who, type Identity } from '@sluice/service-kit';
import { type GatewayConfig } from '../config.js';

/** Who the caller is, and, for administrators, what happened. */
@ApiTags('access')
@Controller('v1')
export class MeController {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    private readonly audit: AuditTrail,
  ) {}

  @Get('me')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Who the caller is, and what they may do' })
  @ApiOkResponse({ type: MeDto })
  me(@Who() { subject, scopes }: Identity): Me {
    return { subject, scopes, mode: this.config.authMode };
  }

  @Get('audit')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Refusals and changes of rights: the newest first, or what came after an entry' })
  @ApiOkResponse({ type: [AuditEntryDto] })
  entries(@Query() { after, count }: AuditQueryDto): Promise<AuditEntryView[]> {
    return this.audit.read({ ...(after === undefined ? {} : { after }), ...(count === undefined ? {} : { count }) });
  }
}
