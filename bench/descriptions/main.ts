// Run by hand, over a directory of recordings: replays each under every built-in description, and reports what a wrong one claims.
import type { ResultFinding } from '../../src/findings/result.ts';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { autoDomain } from '../../src/vtime/compile.ts';
import type { Domain } from '../../src/vtime/domain.ts';
import { allBuiltinDomains } from '../../src/vtime/load-domain.ts';
import { endingAt, startingAt, withoutCpu, withoutWindow } from '../../test/support/damaged-trace.ts';
import { held } from '../../test/support/soundness.ts';
import { Random } from '../mutate/random.ts';
import { tracesOf } from '../support/traces.ts';

const seed = Number(process.env.SEED ?? 1);
/** CPUs that lose records. */
const CPUS = 4;
/** Beginnings, ends, middles, and middles with gaps, of each recording that are replayed beside the whole. */
const cases = Number(process.env.CASES ?? 2);
/** Events of a piece, at most. */
const limit = Number(process.env.EVENTS ?? 60_000);
const whole = process.env.WHOLE !== '0';
const only = process.env.DOMAINS?.split(',');

const rules = RULES.filter((rule) => rule.vtime !== undefined);
const domains = [autoDomain(), ...allBuiltinDomains()].filter(({ name }) => only === undefined || only.includes(name));
let replays = 0;
let files = 0;
let claims = 0;
for (const path of tracesOf(process.argv[2] ?? process.env.SCX_CHECK_RECORDINGS)) {
  const trace = await openTrace(await openInput(path));
  const random = new Random(seed);
  files++;
  // What is wrong with the scheduler shows without a description.
  const known = new Set(claimsOf(trace, autoDomain()).map(({ rule }) => rule));
  for (const [where, piece] of pieces(trace, random)) {
    for (const domain of domains) {
      replays++;
      const made = claimsOf(piece, domain).filter(({ rule }) => !known.has(rule));
      claims += made.length;
      const [first] = made;
      if (first !== undefined)
        console.log(
          `${path} ${where} ${domain.name}: ${made.length} claims, ${first.rule} ${first.verdict}: ${first.message}`,
        );
    }
  }
  process.stderr.write(
    `${path}: ${claims} claims so far${known.size === 0 ? '' : ` beside ${[...known].join(', ')}`}\n`,
  );
}
console.log(
  `${files} recordings, ${domains.length} descriptions, ${replays} replays, ${claims} claims of descriptions that do not fit`,
);
process.exitCode = claims === 0 ? 0 : 1;

/** Claims that no contradiction of the description comes before. */
function claimsOf(trace: OpenTrace, domain: Domain): readonly ResultFinding[] {
  const { findings } = runReplay(trace, { path: 'trace', rules, domain });
  const contradicted = findings.findIndex(({ rule }) => rule === 'vtime-model-mismatch');
  const before = contradicted < 0 ? findings : findings.slice(0, contradicted);
  return before.filter(({ verdict }) => verdict === 'violation' || verdict === 'possible' || verdict === 'prediction');
}

/** The whole recording, and some beginnings, ends and middles of it, the latter with and without a gap. */
function* pieces(trace: OpenTrace, random: Random): Generator<readonly [string, OpenTrace]> {
  if (whole) yield ['whole', trace];
  let events = 0;
  trace.run({
    event() {
      events++;
      return true;
    },
  });
  for (let i = 0; i < cases; i++) {
    const end = random.below(Math.min(events, limit)) + 1;
    yield [`up to ${end}`, held(endingAt(trace, end), end)];
    const start = random.below(events);
    yield [`from ${start}`, held(startingAt(trace, start), limit)];
    const middle = random.below(events);
    const length = random.below(limit) + 1;
    const piece = held(startingAt(trace, middle), length);
    yield [`${length} from ${middle}`, piece];
    const from = random.below(length);
    const to = from + 1 + random.below(random.below(2) === 0 ? 200 : length - from);
    const cpu = random.below(CPUS);
    yield [`${length} from ${middle} without ${from}-${to} of cpu ${cpu}`, withoutCpu(piece, from, to, cpu)];
    yield [`${length} from ${middle} without ${from}-${to}`, withoutWindow(piece, from, to, cpu)];
  }
}
