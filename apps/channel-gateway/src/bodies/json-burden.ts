/** Deepest nesting that is read, unless a reader says otherwise. */
const MAX_DEPTH = 64;
/** Members of one object: those of a basket and of any record fit, and many more take seconds to read. */
const MAX_MEMBERS = 50_000;
/** Values in all: objects, lists, and what is in them. */
const MAX_VALUES = 1_000_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Why JSON is not read, as reading it would hold up everybody: it is nested too deep, or has too many values or members. Null: it
 * can be read. Looks at the bytes alone, which need not be JSON.
 */
export function burdenOf(json: Uint8Array, maxDepth = MAX_DEPTH): string | null {
  const members: number[] = [0];
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case QUOTE:
        at = endOfText(json, at);
        break;
      case COMMA:
        values += 1;
        break;
      case COLON:
        members[members.length - 1] = (members.at(-1) ?? 0) + 1;
        if ((members.at(-1) ?? 0) > MAX_MEMBERS) return `an object of more than ${MAX_MEMBERS} members`;
        break;
      case 0x5b:
      case 0x7b:
        values += 1;
        if (members.push(0) - 1 > maxDepth) return `nested deeper than ${maxDepth} levels`;
        break;
      case 0x5d:
      case 0x7d:
        if (members.length > 1) members.pop();
        break;
      default:
    }
    if (values > MAX_VALUES) return `more than ${MAX_VALUES} values`;
  }
  return null;
}

/** Where the text that begins here ends. */
function endOfText(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at += 1;
    else if (json[at] === QUOTE) return at;
  }
  return json.length;
}
