import { Field, Int, ObjectType } from '@nestjs/graphql';
import { type GroupLag } from './group-lags.js';

/** How far the consumers of one group are. */
@ObjectType('GroupLag', { description: 'How far the consumers of one group are.' })
export class GroupLagType implements GroupLag {
  @Field(() => String)
  group!: string;

  @Field(() => Int)
  consumers!: number;

  @Field(() => Int, { description: 'Entries delivered and not acknowledged.' })
  pending!: number;

  @Field(() => String)
  lastDeliveredId!: string;

  @Field(() => Int, { nullable: true, description: 'Entries not delivered yet; null when Redis cannot tell.' })
  lag!: number | null;
}
