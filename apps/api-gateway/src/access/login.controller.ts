import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { type TokenAnswer } from '@sluice/contracts';
import { LoginDto, TokenAnswerDto } from '@sluice/contracts/dto';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Clients } from './clients.js';
import { loginCookie } from './login-cookie.js';
import { readLoginForm } from './login-form.js';
import { Login } from './login.js';

/** Log-in, on the path of the system and on that of the ptg dialect. */
@ApiTags('access')
@Controller()
export class LoginController {
  constructor(
    private readonly login: Login,
    private readonly clients: Clients,
  ) {}

  @Post(['token', 'ptg/token'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Log in: a token for a user name and a password, also as a cookie' })
  @ApiConsumes('application/x-www-form-urlencoded', 'multipart/form-data')
  @ApiBody({ type: LoginDto })
  @ApiQuery({
    name: 'exp',
    required: false,
    type: 'integer',
    description: 'Seconds that the cookie shall live at most',
  })
  @ApiOkResponse({ type: TokenAnswerDto })
  @ApiUnauthorizedResponse({ description: 'Incorrect username or password' })
  @ApiUnprocessableEntityResponse({ description: 'A field is missing or empty, or the body is no form' })
  @ApiTooManyRequestsResponse({ description: 'Too many failed log-ins' })
  async token(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenAnswer> {
    const form = readLoginForm(request);
    const token = await this.login.open(form, this.clients.addressOf(request.raw));
    const cookie = loginCookie(token, {
      lifetimeSeconds: this.login.lifetimeSeconds,
      askedSeconds: form.cookieSeconds,
      isSecure: this.clients.isOverTls(request.raw),
    });
    reply.headers({ 'set-cookie': cookie, 'cache-control': 'no-store' });
    return { access_token: token, token_type: 'bearer' };
  }
}
