import { TypeMetadataStorage } from '@nestjs/graphql';

/**
 * Arguments of a field that is a method of its object type, as a class of arguments. Nest's own decorator is heard only in resolvers.
 * @param typeFn the class of arguments
 */
export function FieldArgs(typeFn: () => new () => object): ParameterDecorator {
  return (target, methodName, index) => {
    TypeMetadataStorage.addMethodParamMetadata({
      kind: 'args',
      target: target.constructor,
      methodName: String(methodName),
      typeFn,
      index,
      options: {},
    });
  };
}
