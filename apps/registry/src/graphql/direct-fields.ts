import { isObjectType, type GraphQLSchema } from 'graphql';

/**
 * Lets fields of objects be read as GraphQL does by itself: a property as it stands, a method called with the field's arguments. What
 * Nest puts in between costs more than the field where there are thousands of them, and knows no methods.
 */
export function readFieldsDirectly(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || roots.includes(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) delete field.resolve;
  }
  return schema;
}
