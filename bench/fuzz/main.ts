// `npm run fuzz`: damages inputs at random and gives them to the readers, the replay and the commands. Whatever comes out must
// be a result or an error of ours that names a place, soon.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { explained, InputError } from '../../src/errors.ts';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { Random } from '../mutate/random.ts';
import { PROJECT, recordings } from '../support/inputs.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const seconds = Number(process.env.SECONDS ?? 60);
/** Whole inputs take well under this. */
const SLOW_MS = 20_000;
/** Larger inputs leave too few runs. */
const MAX_BYTES = 4 * 1024 * 1024;

const random = new Random(seed);
const folder = mkdtempSync(join(tmpdir(), 'scx-fuzz-'));
const outcomes = new Map<string, number>();
const bad: string[] = [];
let runs = 0;
try {
  const seeds = [...fixtures(join(PROJECT, 'fixtures')), ...recordings().slice(-5), ...fixtures(join(PROJECT, 'test'))]
    .map((path) => ({ path, bytes: readFileSync(path) }))
    .filter(({ bytes }) => bytes.length > 0 && bytes.length <= MAX_BYTES);
  const text = seeds.find(({ path }) => path.endsWith('.jsonl'));
  if (text !== undefined) seeds.push({ path: `${text.path}.gz`, bytes: gzipSync(text.bytes) });
  // Every kind of file as often as every other, however many there are of it.
  const kinds = [...new Set(seeds.map(({ path }) => extname(path)))].map((kind) =>
    seeds.filter(({ path }) => extname(path) === kind),
  );
  console.log(`seed ${seed}, ${seeds.length} inputs of ${kinds.length} kinds, ${seconds} s`);
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const original = random.pick(random.pick(kinds) ?? []);
    if (original === undefined) break;
    const path = join(folder, `input${extname(original.path)}`);
    const bytes = damaged(original.bytes);
    writeFileSync(path, bytes);
    await attempt(path, original.path, bytes);
    runs++;
  }
} finally {
  rmSync(folder, { recursive: true });
}
for (const [outcome, n] of [...outcomes].toSorted((a, b) => b[1] - a[1])) console.log(String(n).padStart(7), outcome);
for (const text of bad) console.log(`BAD ${text}`);
console.log(`${runs} damaged inputs, ${bad.length} bad outcomes (SEED=${seed})`);
process.exitCode = bad.length > 0 ? 1 : 0;

async function attempt(path: string, from: string, bytes: Uint8Array): Promise<void> {
  const began = performance.now();
  let outcome = 'read, and replayed';
  try {
    const input = await openInput(path);
    try {
      const trace = await openTrace(input);
      const result = runReplay(trace, { path, rules: RULES, keepGoing: random.below(2) === 0, limit: 100 });
      JSON.stringify(result);
      if (result.incomplete !== undefined) outcome = 'replayed up to the damage';
    } finally {
      input.close();
    }
  } catch (error) {
    const cause = await explained(error).catch((thrown: unknown) => thrown);
    if (cause instanceof InputError) outcome = `refused: ${cause.details.code}`;
    else {
      outcome = 'BAD';
      keep(from, bytes, cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    }
  }
  const ms = performance.now() - began;
  if (ms > SLOW_MS) keep(from, bytes, `took ${ms.toFixed(0)} ms`);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function keep(from: string, bytes: Uint8Array, what: string): void {
  if (bad.length >= 20) return;
  const copy = join(tmpdir(), `scx-fuzz-${seed}-${runs}${extname(from)}`);
  writeFileSync(copy, bytes);
  bad.push(`${from} → ${copy}: ${what}`);
}

/** Some bits flipped, bytes replaced, a piece cut out, doubled or put elsewhere, the end cut off. */
function damaged(original: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(bytes.length);
    const length = Math.min(bytes.length - at, 1 + random.below(64));
    switch (random.below(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        bytes.fill(random.below(256), at, at + length);
        break;
      case 2:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 3:
        bytes = joined(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 4:
        bytes.copyWithin(random.below(bytes.length), at, at + length);
        break;
      case 5:
        // A digit becomes another, so that text still reads like text.
        for (let i = at; i < bytes.length; i++)
          if ((bytes[i] ?? 0) >= 0x30 && (bytes[i] ?? 0) <= 0x39) {
            bytes[i] = 0x30 + random.below(10);
            break;
          }
        break;
      default:
        if (random.below(4) === 0) bytes = bytes.slice(0, Math.max(1, at));
    }
    if (bytes.length === 0) return original.slice(0, 1);
  }
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function fixtures(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => /\.(json|jsonl|csv|dat|txt|pb|gz|zst|xz)$/.test(path) && !/snapshot|expect/.test(path));
}
