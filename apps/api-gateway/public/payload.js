const PICTURES = [
  { type: 'image/jpeg', magic: [0xff, 0xd8, 0xff] },
  { type: 'image/png', magic: [0x89, 0x50, 0x4e, 0x47] },
  { type: 'image/gif', magic: [0x47, 0x49, 0x46, 0x38] },
];
const SHOWN_CHARACTERS = 8000;
const SHOWN_BYTES = 512;

/** Media type of a payload that is a picture a browser can show; null otherwise. */
export function pictureType(bytes) {
  const found = PICTURES.find(({ magic }) => magic.every((byte, at) => bytes[at] === byte));
  return found?.type ?? null;
}

/** A payload as text: JSON set out in lines, text as it is, anything else as a table of bytes. */
export function describe(bytes) {
  const text = decode(bytes);
  if (text === null) return { kind: 'binary', text: hexTable(bytes.subarray(0, SHOWN_BYTES)) };
  try {
    return { kind: 'JSON', text: clip(JSON.stringify(JSON.parse(text), null, 2)) };
  } catch {
    return { kind: 'text', text: clip(text) };
  }
}

function decode(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // Control characters other than tab and line ends are a sign of numbers, not of text.
    return /(?![\t\n\v\f\r])\p{Cc}/u.test(text.slice(0, 1000)) ? null : text;
  } catch {
    return null;
  }
}

function clip(text) {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

function hexTable(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join('\n');
}
