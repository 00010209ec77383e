import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { notFound } from '../http/api-errors.js';
import { sendPage } from '../http/root.controller.js';
import { ApiKeyGate } from './api-key-gate.js';
import { keysIn } from './keys-in-request.js';
import { LOGIN_PATH, loginPage, logoutPage } from './login-pages.js';

/** Injection token of the gate; null where the application has no keys. */
export const API_KEY_GATE = Symbol('API key gate');

/** Tells how requests came. Set when the service is put together. */
export class Schemes {
  isHttps: (request: FastifyRequest['raw']) => boolean = () => false;
}

/** Browsers log in with a key, and keep it as a cookie. */
@ApiTags('Auth')
@Controller()
export class LoginController {
  constructor(
    @Inject(API_KEY_GATE) private readonly gate: ApiKeyGate | null,
    private readonly schemes: Schemes,
  ) {}

  @ApiOperation({ summary: 'A form for a key' })
  @Get('login')
  async showLogin(@Req() { raw }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const gate = this.known();
    const key = keysIn(raw, gate.name).find(({ source }) => source === 'query')?.text;
    if (key === undefined) await sendPage(reply, loginPage(gate.name));
    else await redirect(reply, `${LOGIN_PATH}?${gate.name}=${encodeURIComponent(key)}`);
  }

  @ApiOperation({ summary: 'A button for logging out' })
  @Get('logout')
  async showLogout(@Res() reply: FastifyReply): Promise<void> {
    this.known();
    await sendPage(reply, logoutPage());
  }

  /** The guard has seen a right key, or a credential of the system; what the query has is kept. */
  @ApiOperation({ summary: 'Log in: keeps a key as a cookie' })
  @Get('api/v1/auth/login')
  async logIn(@Req() { raw }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const gate = this.known();
    const key = keysIn(raw, gate.name).find(({ source, text }) => source === 'query' && gate.knows(text))?.text;
    if (key !== undefined) reply.header('set-cookie', this.cookie(raw, key, gate.cookieSeconds));
    await redirect(reply, '/');
  }

  @ApiOperation({ summary: 'Log out: forgets the cookie' })
  @Get('api/v1/auth/logout')
  async logOut(@Req() { raw }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.known();
    await redirect(reply.header('set-cookie', this.cookie(raw, '', 0)), '/login');
  }

  private known(): ApiKeyGate {
    if (this.gate === null) throw notFound();
    return this.gate;
  }

  /** For this host alone; it says when it ends in both of the ways that browsers know. */
  private cookie(request: FastifyRequest['raw'], key: string, seconds: number): string {
    const expires = new Date(seconds === 0 ? 0 : Date.now() + seconds * 1000).toUTCString();
    const secure = this.schemes.isHttps(request) ? '; Secure' : '';
    const value = `${this.known().name}=${encodeURIComponent(key)}`;
    return `${value}; HttpOnly; Max-Age=${seconds}; Expires=${expires}; Path=/; SameSite=Lax${secure}`;
  }
}

/** Addresses with keys in them are kept nowhere. */
async function redirect(reply: FastifyReply, location: string): Promise<void> {
  await reply
    .code(307)
    .header('location', location)
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .send();
}
