import { Module } from '@nestjs/common';
import { Clients } from './clients.js';
import { KeysController } from './keys.controller.js';
import { LoginAttempts } from './login-attempts.js';
import { LoginRedis } from './login-redis.js';
import { LoginController } from './login.controller.js';
import { Login } from './login.js';
import { MeController } from './me.controller.js';
import { TokensController } from './tokens.controller.js';
import { UsersController } from './users.controller.js';

/** Log-in, users, tokens, API keys and the audit trail. */
@Module({
  controllers: [LoginController, MeController, TokensController, UsersController, KeysController],
  providers: [Clients, Login, LoginAttempts, LoginRedis],
})
export class AccessModule {}
