import { SluiceError, isErrorCode } from '@sluice/contracts';

/** An error of GraphQL. */
export interface GraphqlError {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly details?: unknown };
}

/** The error that the registry tells. */
export function graphqlError({ message, extensions }: GraphqlError): SluiceError {
  const { code, details } = extensions ?? {};
  const isTold = typeof details === 'object' && details !== null;
  return new SluiceError(
    isErrorCode(code) ? code : 'INVALID_PARAMETER',
    message,
    isTold ? { details: details as Record<string, unknown> } : {},
  );
}
