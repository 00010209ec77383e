import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
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
import { SluiceError, type UserView } from '@sluice/contracts';
import { AddUserDto, ErrorBodyDto, PasswordDto, ScopesDto, UserDto } from '@sluice/contracts/dto';
import { UserDirectory, Who, type Identity } from '@sluice/service-kit';
import { type FastifyRequest } from 'fastify';
import { Clients } from './clients.js';
import { Login } from './login.js';
import { assertGoodPassword } from './passwords.js';

/** Users and what they may do. */
@ApiTags('access')
@ApiForbiddenResponse({ type: ErrorBodyDto })
@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly users: UserDirectory,
    private readonly login: Login,
    private readonly clients: Clients,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All users' })
  @ApiOkResponse({ type: [UserDto] })
  list(): Promise<UserView[]> {
    return this.users.list();
  }

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Add a user' })
  @ApiCreatedResponse({ type: UserDto })
  @ApiConflictResponse({ type: ErrorBodyDto })
  async add(@Body() { name, password, scopes }: AddUserDto, @Who() { subject }: Identity): Promise<UserView> {
    return this.users.add({ name, password: assertGoodPassword(password, name), scopes }, subject);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a user; their tokens, keys and open sockets end' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  async remove(@Param('name') name: string, @Who() { subject }: Identity): Promise<void> {
    await this.#assertOtherAdmin(name);
    await this.users.remove(name, subject);
  }

  @Put(':name/password')
  @HttpCode(204)
  @ApiOperation({ summary: "Set a password: one's own with the old one, or as an administrator another user's" })
  @ApiNoContentResponse()
  async setPassword(
    @Param('name') name: string,
    @Body() { password, oldPassword }: PasswordDto,
    @Who() identity: Identity,
    @Req() { raw }: FastifyRequest,
  ): Promise<void> {
    const isOwn = identity.kind === 'token' && identity.subject === name;
    if (!isOwn && !identity.allows('admin')) {
      throw new SluiceError('FORBIDDEN', 'The credential does not allow to set the password of another user');
    }
    const good = assertGoodPassword(password, name);
    if (isOwn) await this.#assertOld(name, oldPassword, this.clients.addressOf(raw));
    await this.users.setPassword(name, good, identity.subject);
  }

  @Put(':name/scopes')
  @ApiOperation({ summary: 'Set what a user may do; it holds at once' })
  @ApiOkResponse({ type: UserDto })
  @ApiNotFoundResponse({ type: ErrorBodyDto })
  async setScopes(
    @Param('name') name: string,
    @Body() { scopes }: ScopesDto,
    @Who() { subject }: Identity,
  ): Promise<UserView> {
    if (!scopes.includes('admin')) await this.#assertOtherAdmin(name);
    return this.users.setScopes(name, scopes, subject);
  }

  /** A found session must not be enough to lock its owner out. */
  async #assertOld(name: string, oldPassword: unknown, address: string): Promise<void> {
    if (typeof oldPassword !== 'string' || oldPassword === '') {
      throw new SluiceError('INVALID_PARAMETER', "oldPassword is needed to set one's own password");
    }
    try {
      await this.login.assertPassword(name, oldPassword, address);
    } catch (error) {
      // 401 would say that the token is no good.
      if (!(error instanceof SluiceError) || error.code !== 'UNAUTHENTICATED') throw error;
      throw new SluiceError('FORBIDDEN', 'oldPassword is not the present password');
    }
  }

  /** Without an administrator nobody could ever make one again. */
  async #assertOtherAdmin(name: string): Promise<void> {
    const admins = (await this.users.list()).filter(({ scopes }) => scopes.includes('admin'));
    if (admins.length !== 1 || admins[0]?.name !== name) return;
    throw new SluiceError(
      'LAST_ADMIN',
      `"${name}" is the last user with the right admin; give it to another one first`,
    );
  }
}
