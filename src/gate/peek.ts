// Looks at the beginning of a file without opening it as a trace: is it canonical, and may its events carry expectations?
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { sniffSpelling } from '../readers/canonical/sniff.ts';

const HEAD_BYTES = 4096;
/** Traces whose events say what must fire at them are written by hand: no file larger than this is searched for it. */
const HAND_WRITTEN_BYTES = 4 * 1024 * 1024;

/** The file begins like a canonical trace. Unreadable files do not. */
export function looksCanonical(path: string): boolean {
  const head = new Uint8Array(HEAD_BYTES);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    return sniffSpelling(head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0))) !== undefined;
  } finally {
    closeSync(fd);
  }
}

/** Events of the file may carry the field `expect`. */
export function mentionsExpect(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size > HAND_WRITTEN_BYTES) return false;
  const bytes = readFileSync(path);
  return bytes.includes('"expect"') || bytes.includes(',expect');
}
