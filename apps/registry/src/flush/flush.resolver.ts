import { Context, Int, Mutation, Resolver } from '@nestjs/graphql';
import { SluiceError } from '@sluice/contracts';
import { OperationContext } from '../graphql/operation-context.js';
import { Flush } from './flush.js';

/** Emptying the system. */
@Resolver()
export class FlushResolver {
  constructor(private readonly flushing: Flush) {}

  @Mutation(() => Int, {
    description: 'Deletes all streams, metadata and devices, and nothing else; in strict mode for admins.',
  })
  async flush(@Context() { identity }: OperationContext): Promise<number> {
    if (!identity.allows('admin')) {
      throw new SluiceError('FORBIDDEN', 'the credential does not allow admin, which flush needs');
    }
    await this.flushing.run();
    return 1;
  }
}
