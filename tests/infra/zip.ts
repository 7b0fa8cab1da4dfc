import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const END_LENGTH = 22;
const DIRECTORY_ENTRY_LENGTH = 46;
const LOCAL_HEADER_LENGTH = 30;
const STORED = 0;

/** Reads the files of a zip archive without comment, by path. */
export function readZip(archive: Buffer): Map<string, Buffer> {
  const end = archive.length - END_LENGTH;
  if (archive.readUInt32LE(end) !== END_OF_DIRECTORY)
    throw new Error('no zip archive, or one with a comment');
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  const files = new Map<string, Buffer>();
  for (let index = 0; index < count; index += 1) {
    const method = archive.readUInt16LE(at + 10);
    const compressedLength = archive.readUInt32LE(at + 20);
    const nameLength = archive.readUInt16LE(at + 28);
    const restLength = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString(
      'utf8',
      at + DIRECTORY_ENTRY_LENGTH,
      at + DIRECTORY_ENTRY_LENGTH + nameLength,
    );
    const start =
      local + LOCAL_HEADER_LENGTH + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = archive.subarray(start, start + compressedLength);
    files.set(name, method === STORED ? content : inflateRawSync(content));
    at += DIRECTORY_ENTRY_LENGTH + nameLength + restLength;
  }
  return files;
}
