import { open, rename, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { LOCAL_HEADER_BYTES, LOCAL_SIGNATURE, directory, idOfMember, memberEnd, type ZipMember } from './format.js';

const MAX_NAME_BYTES = 64;
const BLOCK_BYTES = 1024 * 1024;
/** A part never has more members than its writer gives it. */
const MAX_MEMBERS = 10_000;

/**
 * Makes a whole zip out of a part that was never finished: everything that is whole from its beginning on, checked by its
 * checksums. The part itself is only read: who still has it open can do no harm.
 * @returns the members; none when nothing of it is whole, and then no zip is made
 */
export async function recoverPart(
  partPath: string,
  zipPath: (members: readonly ZipMember[]) => string,
): Promise<ZipMember[]> {
  const part = await open(partPath, 'r');
  try {
    const members = await readMembers(part);
    const last = members.at(-1);
    if (last !== undefined) await copyWhole(part, members, memberEnd(last), zipPath(members));
    return members;
  } finally {
    await part.close();
  }
}

async function readMembers(part: FileHandle): Promise<ZipMember[]> {
  const { size } = await part.stat();
  const members: ZipMember[] = [];
  let offset = 0;
  while (members.length < MAX_MEMBERS) {
    const member = await readMember(part, offset, size);
    if (member === null) break;
    members.push(member);
    offset = memberEnd(member);
  }
  return members;
}

/** The member that begins at an offset; null where no whole one does. */
async function readMember(part: FileHandle, offset: number, size: number): Promise<ZipMember | null> {
  const { buffer, bytesRead } = await part.read(
    Buffer.alloc(LOCAL_HEADER_BYTES + MAX_NAME_BYTES),
    0,
    undefined,
    offset,
  );
  if (bytesRead < LOCAL_HEADER_BYTES || buffer.readUInt32LE(0) !== LOCAL_SIGNATURE) return null;
  const nameBytes = buffer.readUInt16LE(26);
  if (nameBytes > MAX_NAME_BYTES || bytesRead < LOCAL_HEADER_BYTES + nameBytes) return null;
  const name = buffer.toString('latin1', LOCAL_HEADER_BYTES, LOCAL_HEADER_BYTES + nameBytes);
  const member = { name, bytes: buffer.readUInt32LE(22), crc: buffer.readUInt32LE(14), offset };
  if (idOfMember(name) === null || memberEnd(member) > size) return null;
  return (await checksum(part, memberEnd(member) - member.bytes, member.bytes)) === member.crc ? member : null;
}

async function checksum(part: FileHandle, from: number, bytes: number): Promise<number> {
  let crc = 0;
  for await (const block of blocks(part, from, bytes)) crc = crc32(block, crc);
  return crc;
}

async function copyWhole(part: FileHandle, members: readonly ZipMember[], end: number, path: string): Promise<void> {
  const unfinished = `${path}.recovering`;
  const zip = await open(unfinished, 'w', 0o640);
  try {
    for await (const block of blocks(part, 0, end)) await zip.writeFile(block);
    await zip.writeFile(directory(members, end));
    await zip.datasync();
  } finally {
    await zip.close();
  }
  await rename(unfinished, path);
}

async function* blocks(file: FileHandle, from: number, bytes: number): AsyncGenerator<Buffer> {
  let at = from;
  while (at < from + bytes) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, from + bytes - at));
    const { bytesRead } = await file.read(block, 0, block.length, at);
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    at += bytesRead;
  }
}
