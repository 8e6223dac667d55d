// `npm run bench:large`: a trace.json that no JavaScript string can hold is written and read back, in bounded memory.
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT, recordings } from '../support/inputs.ts';
import { writeLongDat } from '../support/long-dat.ts';
import { measure } from '../support/run.ts';

/** V8 holds no longer string, so no JSON.parse reads a larger document (512 MiB). */
const LONGEST_STRING = 0x1fffffe8;
const MEMORY_BAR = 200;

const cli = join(PROJECT, 'bin', 'scx-check.js');
const [source] = recordings();
if (source === undefined) {
  console.error('no recording: SCX_CHECK_RECORDINGS names a directory of them');
  process.exit(129);
}
const folder = mkdtempSync(join(tmpdir(), 'scx-large-'));
let isGood = true;
try {
  const at = (name: string): string => join(folder, name);
  const convert = (from: string, to: string): void => {
    const { wall, memory, status } = measure(['node', cli, 'convert', at(from), '-o', at(to)]);
    const isFine = status === 0 && memory <= MEMORY_BAR;
    isGood &&= isFine;
    const size = (statSync(at(to)).size / 2 ** 20).toFixed(0);
    console.log(
      `${from} → ${to}: ${size} MiB, ${wall.toFixed(1)} s, ${memory.toFixed(0)} MiB of memory, exit code ${status}: ${isFine ? 'good' : 'BAD'}`,
    );
  };
  await writeLongDat(source, 1, at('once.dat'));
  convert('once.dat', 'once.json');
  await writeLongDat(source, Math.ceil((1.05 * LONGEST_STRING) / statSync(at('once.json')).size), at('long.dat'));
  convert('long.dat', 'long.json');
  if (statSync(at('long.json')).size <= LONGEST_STRING) throw new Error('the document is not long enough');
  convert('long.dat', 'direct.jsonl');
  convert('long.json', 'back.jsonl');
  const same = (await hashOf(at('direct.jsonl'))) === (await hashOf(at('back.jsonl')));
  isGood &&= same;
  console.log(`through the large document and directly: ${same ? 'the same bytes' : 'NOT the same bytes'}`);
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = isGood ? 0 : 1;

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
