import { Field, Int, ObjectType } from '@nestjs/graphql';
import { StreamType } from './stream.type.js';

/** One page of streams. */
@ObjectType('StreamPage', { description: 'One page of streams, by name.' })
export class StreamPageType {
  @Field(() => [StreamType])
  nodes!: StreamType[];

  @Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null after the last.' })
  cursor!: string | null;

  @Field(() => Int, { description: 'Streams on all pages.' })
  total!: number;
}
