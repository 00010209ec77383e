import { type ArgumentMetadata, Injectable, type ValidationError, ValidationPipe } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';

/** Where a query may carry a credential, on every route. */
const CREDENTIAL = 'token';

/** One refused value. */
interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The credential is the guard's: no route knows it as a parameter. */
@Injectable()
class RequestValidation extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    return super.transform(metadata.type === 'query' ? withoutCredential(value) : value, metadata) as Promise<unknown>;
  }
}

function withoutCredential(query: unknown): unknown {
  if (typeof query !== 'object' || query === null || !(CREDENTIAL in query)) return query;
  const { [CREDENTIAL]: _credential, ...rest } = query;
  return rest;
}

/** Checks DTOs of our own routes: unknown properties are refused, every problem is named with its path and value. */
export function createValidationPipe(): ValidationPipe {
  return new RequestValidation({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors) => {
      const problems = errors.flatMap((error) => listProblems(error, ''));
      const message = problems.map((problem) => problem.message).join('; ');
      return new SluiceError('INVALID_PARAMETER', message, { details: { problems } });
    },
  });
}

function listProblems(error: ValidationError, parent: string): Problem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, text]) => {
    if (rule === 'whitelistValidation') return { path, message: `${path} is not a known parameter` };
    return { path, message: text.includes('got ') ? text : `${text}, got ${shown(error.value)}` };
  });
  return [...own, ...(error.children ?? []).flatMap((child) => listProblems(child, path))];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
