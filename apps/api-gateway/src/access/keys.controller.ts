import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { SluiceError, areCovered, type ApiKeyView, type NewApiKeyView } from '@sluice/contracts';
import { ApiKeyDto, CreateApiKeyDto, ErrorBodyDto, NewApiKeyDto } from '@sluice/contracts/dto';
import { ApiKeys, RateLimiter, Who, type Identity } from '@sluice/service-kit';

/** Each change is an entry of the audit trail and makes every process load its keys anew. */
const CHANGES_PER_SECOND = 5;

/** API keys for machines: one's own; an administrator has a say in all. */
@ApiTags('access')
@ApiForbiddenResponse({ type: ErrorBodyDto })
@Controller('v1/keys')
export class KeysController {
  private readonly changes = new RateLimiter(
    { limit: 'API keys made or revoked a second', setting: 'of a user who is no administrator' },
    CHANGES_PER_SECOND,
  );

  constructor(private readonly keys: ApiKeys) {}

  @Get()
  @ApiOperation({ summary: "One's own API keys; as an administrator all" })
  @ApiOkResponse({ type: [ApiKeyDto] })
  async list(@Who() identity: Identity): Promise<ApiKeyView[]> {
    const all = await this.keys.list();
    return identity.allows('admin') ? all : all.filter(({ owner }) => owner === identity.subject);
  }

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Make an API key with no more rights than one has; its secret is shown this once' })
  @ApiCreatedResponse({ type: NewApiKeyDto })
  @ApiConflictResponse({ type: ErrorBodyDto })
  create(@Body() { name, scopes }: CreateApiKeyDto, @Who() identity: Identity): Promise<NewApiKeyView> {
    if (identity.kind === 'key') {
      throw new SluiceError('FORBIDDEN', 'An API key makes no other API keys: log in as a user');
    }
    if (!areCovered(scopes, identity.scopes)) {
      throw new SluiceError('FORBIDDEN', 'An API key cannot allow more than the credential that makes it');
    }
    this.assertPace(identity);
    return this.keys.create({ name, scopes, owner: identity.subject, isByAdmin: identity.allows('admin') });
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key; sockets opened with it end' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  async revoke(@Param('name') name: string, @Who() identity: Identity): Promise<void> {
    const mine = await this.list(identity);
    // Those of others do not exist for the caller.
    if (!mine.some((key) => key.name === name)) {
      throw new SluiceError('API_KEY_NOT_FOUND', `There is no API key "${name}"`);
    }
    this.assertPace(identity);
    await this.keys.revoke(name, identity.subject);
  }

  private assertPace(identity: Identity): void {
    const refusal = identity.allows('admin') ? null : this.changes.take(identity.account);
    if (refusal !== null) throw refusal;
  }
}
