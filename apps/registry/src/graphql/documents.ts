import { Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { GraphQLError, parse, specifiedRules, validate, type DocumentNode } from 'graphql';
import { assertLimits } from './limits/assert-limits.js';
import { assertNesting } from './limits/assert-nesting.js';
import { MAX_ERRORS, MAX_TOKENS } from './limits/limits.js';

/** Documents that are kept, so that a query asked again and again is read and checked once. */
const MAX_KEPT = 500;
const MAX_KEPT_CHARS = 8 * 1024;

/** A document that may be executed, or why not. */
export type Checked =
  | { readonly document: DocumentNode; readonly errors: null }
  | { readonly document: null; readonly errors: readonly GraphQLError[] };

/** Reads documents and checks them against the schema and the limits. */
@Injectable()
export class Documents {
  private readonly kept = new Map<string, DocumentNode>();

  constructor(private readonly host: GraphQLSchemaHost) {}

  check(query: string): Checked {
    const known = this.kept.get(query);
    if (known !== undefined) return { document: known, errors: null };
    try {
      assertNesting(query);
      const document = parse(query, { maxTokens: MAX_TOKENS });
      assertLimits(document);
      const errors = validate(this.host.schema, document, specifiedRules, { maxErrors: MAX_ERRORS });
      if (errors.length > 0) return { document: null, errors };
      this.keep(query, document);
      return { document, errors: null };
    } catch (error) {
      if (error instanceof GraphQLError) return { document: null, errors: [error] };
      throw error;
    }
  }

  private keep(query: string, document: DocumentNode): void {
    if (query.length > MAX_KEPT_CHARS) return;
    this.kept.set(query, document);
    const oldest = this.kept.size > MAX_KEPT ? this.kept.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.kept.delete(oldest.value);
  }
}
