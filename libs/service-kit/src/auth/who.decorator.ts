import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type Identity, identityOf } from './identity.js';

/** Gives a handler the identity that makes its request. */
export const Who = createParamDecorator((_data: unknown, context: ExecutionContext): Identity => {
  return identityOf(context.switchToHttp().getRequest<FastifyRequest>().raw);
});
