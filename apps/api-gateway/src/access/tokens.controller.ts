import { Body, Controller, Delete, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SluiceError } from '@sluice/contracts';
import { RevokeTokensDto } from '@sluice/contracts/dto';
import { Tokens, Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Clients } from './clients.js';
import { clearedCookie } from './login-cookie.js';

/** The ends of tokens. */
@ApiTags('access')
@Controller('v1/tokens')
export class TokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly clients: Clients,
  ) {}

  @Delete('current')
  @HttpCode(204)
  @ApiOperation({ summary: 'Log out: revoke the token this is sent with, and clear the cookie' })
  @ApiNoContentResponse()
  async logOut(
    @Who() { kind, credentialId, subject, expiresAtMs }: Identity,
    @Req() { raw }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    if (kind === 'key') throw new SluiceError('INVALID_PARAMETER', 'An API key is revoked with DELETE /v1/keys/{name}');
    if (credentialId !== null) await this.tokens.revoke(credentialId, subject, expiresAtMs);
    reply.header('set-cookie', clearedCookie(this.clients.isOverTls(raw)));
  }

  @Post('revoke')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke one token, or all that a user has; sockets opened with them end' })
  @ApiNoContentResponse()
  async revoke(@Body() { user, tokenId }: RevokeTokensDto, @Who() { subject }: Identity): Promise<void> {
    if ((user === undefined) === (tokenId === undefined)) {
      throw new SluiceError('INVALID_PARAMETER', 'name either user or tokenId');
    }
    if (user !== undefined) await this.tokens.revokeAll(user, subject);
    if (tokenId !== undefined) await this.tokens.revoke(tokenId, subject);
  }
}
