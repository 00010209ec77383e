import { Field, Int, ObjectType } from '@nestjs/graphql';
import { JsonScalar } from '../graphql/scalars.js';

/** A thing of a kind that other services own. */
@ObjectType('Entity', { description: 'A thing of a kind that another service owns, such as a channel or a pipeline.' })
export class EntityType {
  @Field(() => String)
  kind!: string;

  @Field(() => String)
  name!: string;

  @Field(() => JsonScalar, { description: 'As its owner describes it.' })
  description!: unknown;
}

/** One page of things of a kind. */
@ObjectType('EntityPage', { description: 'One page of things of a kind, by name.' })
export class EntityPageType {
  @Field(() => [EntityType])
  nodes!: EntityType[];

  @Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null after the last.' })
  cursor!: string | null;

  @Field(() => Int, { description: 'Things on all pages.' })
  total!: number;
}
