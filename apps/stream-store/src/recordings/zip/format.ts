import { type EntryId } from '@sluice/wire';

/*
 * The part of the ZIP format (PKWARE APPNOTE 6.3) that recordings use: stored members whose size and CRC stand before
 * their bytes, so that a file that was never finished can be read from its beginning.
 */

export const LOCAL_SIGNATURE = 0x04034b50;
export const LOCAL_HEADER_BYTES = 30;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_HEADER_BYTES = 46;
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const VERSION = 20;
const STORED = 0;

/** What the directory at the end of a zip says of one member. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: number;
  readonly crc: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Where a member ends, and the next one may begin. */
export function memberEnd({ name, bytes, offset }: ZipMember): number {
  return offset + LOCAL_HEADER_BYTES + name.length + bytes;
}

/** Bytes of the directory of these members. */
export function directoryBytes(members: readonly ZipMember[]): number {
  return members.reduce((sum, { name }) => sum + CENTRAL_HEADER_BYTES + name.length, END_BYTES);
}

/** What stands before the bytes of a member. Its name is ASCII. */
export function localHeader({ name, bytes, crc }: Omit<ZipMember, 'offset'>): Buffer {
  const header = Buffer.allocUnsafe(LOCAL_HEADER_BYTES + name.length);
  header.writeUInt32LE(LOCAL_SIGNATURE, 0);
  header.writeUInt16LE(VERSION, 4);
  writeFacts(header, 6, name, bytes, crc);
  header.writeUInt16LE(0, 28);
  header.write(name, LOCAL_HEADER_BYTES, 'latin1');
  return header;
}

/** The directory of a zip whose members end at `offset`: what makes it readable for everybody. */
export function directory(members: readonly ZipMember[], offset: number): Buffer {
  const total = directoryBytes(members);
  const bytes = Buffer.alloc(total);
  let at = 0;
  for (const member of members) {
    bytes.writeUInt32LE(CENTRAL_SIGNATURE, at);
    bytes.writeUInt16LE(VERSION, at + 4);
    bytes.writeUInt16LE(VERSION, at + 6);
    writeFacts(bytes, at + 8, member.name, member.bytes, member.crc);
    bytes.writeUInt32LE(member.offset, at + 42);
    bytes.write(member.name, at + CENTRAL_HEADER_BYTES, 'latin1');
    at += CENTRAL_HEADER_BYTES + member.name.length;
  }
  bytes.writeUInt32LE(END_SIGNATURE, at);
  bytes.writeUInt16LE(members.length, at + 8);
  bytes.writeUInt16LE(members.length, at + 10);
  bytes.writeUInt32LE(total - END_BYTES, at + 12);
  bytes.writeUInt32LE(offset, at + 16);
  return bytes;
}

/** Name of an entry in a zip: its id; parts of packed entries have a dot for the slash, which would make a folder. */
export function memberName(id: EntryId): string {
  return id.replace('/', '.');
}

/** The id behind a member's name; null for a name that no entry has. */
export function idOfMember(name: string): EntryId | null {
  const match = /^(\d{1,20}-\d{1,20})(?:\.(\d{1,10}))?$/.exec(name);
  if (match === null) return null;
  return match[2] === undefined ? (match[1] as string) : `${match[1]}/${match[2]}`;
}

/** Flags, method, time, CRC, sizes and length of the name: the same 22 bytes in both headers. */
function writeFacts(target: Buffer, at: number, name: string, bytes: number, crc: number): void {
  const { time, date } = dosTime(name);
  target.writeUInt16LE(0, at);
  target.writeUInt16LE(STORED, at + 2);
  target.writeUInt16LE(time, at + 4);
  target.writeUInt16LE(date, at + 6);
  target.writeUInt32LE(crc, at + 8);
  target.writeUInt32LE(bytes, at + 12);
  target.writeUInt32LE(bytes, at + 16);
  target.writeUInt16LE(name.length, at + 20);
}

let latest = { second: -1, time: 0, date: 0x21 };

/** The time of an entry as zips tell it: local, in steps of two seconds, from 1980 to 2107. */
function dosTime(name: string): { readonly time: number; readonly date: number } {
  const second = Math.floor(Number(name.slice(0, name.indexOf('-'))) / 1000);
  if (second === latest.second) return latest;
  const then = new Date(second * 1000);
  const year = then.getFullYear();
  latest =
    year >= 1980 && year <= 2107
      ? {
          second,
          time: (then.getHours() << 11) | (then.getMinutes() << 5) | (then.getSeconds() >> 1),
          date: ((year - 1980) << 9) | ((then.getMonth() + 1) << 5) | then.getDate(),
        }
      : { second, time: 0, date: 0x21 };
  return latest;
}
