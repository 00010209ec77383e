/*
 * What one operation may ask for. All of it is looked at before anything of it is executed, and before the rules of the specification,
 * some of which take time that grows with the square of a document's fields.
 */

/** Words and signs of a document. */
export const MAX_TOKENS = 5_000;
/** Braces, brackets and parentheses within each other. */
export const MAX_NESTING = 100;
/** Fields within fields; the usual introspection needs 15. */
export const MAX_DEPTH = 20;
/** Fields under another name. */
export const MAX_ALIASES = 200;
/** Each field counts one; one that gives a list counts ten times what is asked of its members. */
export const MAX_COST = 20_000;
/** Mistakes that are told of one document. */
export const MAX_ERRORS = 20;

/** Fields that give lists of things that have fields. */
export const LIST_FIELDS: ReadonlySet<string> = new Set(['devices', 'streams', 'nodes']);
/** What such a field counts. */
export const LIST_COST = 10;
