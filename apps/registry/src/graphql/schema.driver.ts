import { Injectable } from '@nestjs/common';
import { AbstractGraphQLDriver } from '@nestjs/graphql';

/**
 * Builds the schema from the decorated classes and serves nothing by itself: the transports of the registry hand what they get to one
 * executor (see docs/adr/own-graphql-executor.md).
 */
@Injectable()
export class SchemaDriver extends AbstractGraphQLDriver {
  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
