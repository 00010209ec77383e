import { Field, InputType } from '@nestjs/graphql';
import { JsonScalar } from '../graphql/scalars.js';
import { type MetaCondition } from './leaves.js';

/** What is asked of one place in metadata. */
@InputType('MetaFilter', { description: 'What one place in metadata must be; every part that is given counts.' })
export class MetaFilterType implements MetaCondition {
  @Field(() => String, { description: 'Where: `format`, `lens.mm`; members of a list stand where the list stands.' })
  path!: string;

  @Field(() => JsonScalar, { nullable: true, description: 'The value, or one member of the list.' })
  equals?: unknown;

  @Field(() => String, { nullable: true, description: 'Part of the text, in any case.' })
  contains?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether there is anything.' })
  exists?: boolean | null;
}
