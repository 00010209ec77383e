import { Field, Int, ObjectType } from '@nestjs/graphql';
import { type GraphQLResolveInfo } from 'graphql';
import { type OperationContext } from '../graphql/operation-context.js';
import { listStreams } from './read-streams.js';
import { StreamType } from './stream.type.js';

/** One page of streams. */
@ObjectType('StreamPage', { description: 'One page of streams, by name.' })
export class StreamPageType {
  @Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null after the last.' })
  readonly cursor: string | null;

  @Field(() => Int, { description: 'Streams on all pages.' })
  readonly total: number;

  constructor(
    private readonly streams: readonly StreamType[],
    cursor: string | null,
    total: number,
  ) {
    this.cursor = cursor;
    this.total = total;
  }

  @Field(() => [StreamType])
  nodes(_args: object, context: OperationContext, info: GraphQLResolveInfo): Promise<Promise<StreamType>[]> {
    return listStreams(this.streams, context, info);
  }
}
