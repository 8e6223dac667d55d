// `npm run mutate`: breaks healthy recordings in one place at a time and reports which breaks the rules notice.
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { recordings as allRecordings } from '../support/inputs.ts';
import { isHealthy, judge } from './judge.ts';
import { MUTATIONS } from './mutations.ts';
import { Random } from './random.ts';
import { keep, type Recording } from './recording.ts';
import { SWEEP } from './sweep.ts';

interface Tally {
  made: number;
  found: number;
  named: number;
  missed: number;
  /** Unobservable mutants by reason. */
  readonly unobservable: Map<string, number>;
  readonly crashes: string[];
  readonly rules: Map<string, number>;
  readonly examples: string[];
}

const seed = Number(process.env.SEED ?? 1);
const perKind = Number(process.env.MUTANTS ?? 40);
const limit = Number(process.env.EVENTS ?? 60_000);
const only = process.env.KINDS?.split(',');
/** Share of the observable mutants of a kind that must be found. */
const BAR = 0.95;

const recordings: Recording[] = [];
for (const path of inputs()) {
  const trace = await openTrace(await openInput(path));
  const recording = keep(trace, path, limit);
  if (!isHealthy(recording)) console.error(`${path}: not silent by itself, left out`);
  else recordings.push(recording);
}
if (recordings.length === 0) {
  console.error('no healthy recording; SCX_CHECK_RECORDINGS names a directory of them');
  process.exit(129);
}

let observable = 0;
let found = 0;
let below = 0;
const kinds = process.env.SWEEP === undefined ? MUTATIONS : SWEEP;
for (const mutation of kinds) {
  if (only !== undefined && !only.includes(mutation.id)) continue;
  const tally: Tally = {
    made: 0,
    found: 0,
    named: 0,
    missed: 0,
    unobservable: new Map(),
    crashes: [],
    rules: new Map(),
    examples: [],
  };
  const random = new Random(seed * 7919 + hash(mutation.id));
  for (let i = 0; i < perKind; i++) {
    const recording = recordings[i % recordings.length];
    const mutant = recording === undefined ? undefined : mutation.make(recording, random);
    if (recording === undefined || mutant === undefined) continue;
    tally.made++;
    try {
      const verdict = judge(recording, mutant);
      if (verdict.found) {
        tally.found++;
        if (verdict.named) tally.named++;
        const rule = verdict.rules[0] ?? '';
        tally.rules.set(rule, (tally.rules.get(rule) ?? 0) + 1);
        if (!verdict.named)
          tally.examples.push(
            `not named: ${recording.name} #${mutant.at} ${verdict.rules.join(',')} +${verdict.distance}`,
          );
      } else if (mutant.unobservable !== '')
        tally.unobservable.set(mutant.unobservable, (tally.unobservable.get(mutant.unobservable) ?? 0) + 1);
      else {
        tally.missed++;
        tally.examples.push(`missed: ${recording.name} #${mutant.at}`);
      }
    } catch (error) {
      tally.crashes.push(`${recording.name} #${mutant.at}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const hidden = [...tally.unobservable.values()].reduce((sum, n) => sum + n, 0);
  const seen = tally.found + tally.missed;
  observable += seen;
  found += tally.found;
  const share = seen === 0 ? 1 : tally.found / seen;
  const low = share < BAR || tally.crashes.length > 0;
  if (low) below++;
  const rules = [...tally.rules].toSorted((a, b) => b[1] - a[1]).slice(0, 3);
  console.log(
    `${low ? 'LOW ' : '    '}${mutation.id.padEnd(24)} ${String(tally.made).padStart(4)} made  ${String(tally.found).padStart(4)} found (${tally.named} named)  ${String(hidden).padStart(3)} unobservable  ${String(tally.missed).padStart(3)} missed   ${rules.map(([rule, n]) => `${rule} ${n}`).join(', ')}`,
  );
  for (const [reason, n] of tally.unobservable) console.log(`       ${n} unobservable: ${reason}`);
  for (const crash of tally.crashes) console.log(`       CRASH ${crash}`);
  if (low || process.env.EXAMPLES !== undefined)
    for (const example of tally.examples.slice(0, 5)) console.log(`       ${example}`);
}
console.log(
  `${kinds.length} kinds, ${observable} observable mutants, ${found} found (${((100 * found) / Math.max(1, observable)).toFixed(2)} %), ${below} kinds below ${BAR * 100} %`,
);
process.exitCode = found < observable * BAR || below > 0 ? 1 : 0;

/** Recordings by name (`RECORDINGS=a,b`), or all that `isHealthy`. */
function inputs(): readonly string[] {
  const names = process.env.RECORDINGS?.split(',');
  return allRecordings().filter(
    (path) => names === undefined || names.some((name) => path.split(/[/.]/).includes(name)),
  );
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (value * 31 + (char.codePointAt(0) ?? 0)) | 0;
  return value;
}
