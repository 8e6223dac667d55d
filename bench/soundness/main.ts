// Run by hand, over a directory of recordings: damages recordings in every way that loses evidence, and reports the claims that only the damage makes.
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { EVENT_TYPES, type EventType } from '../../src/trace/vocabulary/index.ts';
import {
  endingAt,
  startingAt,
  withoutCpu,
  withoutField,
  withoutType,
  withoutWindow,
} from '../../test/support/damaged-trace.ts';
import { held, measure, unsound, vocabularyOf, type Whole } from '../../test/support/soundness.ts';
import { Random } from '../mutate/random.ts';
import { tracesOf } from '../support/traces.ts';

interface Claim {
  count: number;
  readonly example: string;
}

const seed = Number(process.env.SEED ?? 1);
/** Cases for each random way of damage and recording. */
const cases = Number(process.env.CASES ?? 20);
const limit = Number(process.env.EVENTS ?? 60_000);
const ways = process.env.WAYS?.split(',');
const showEach = process.env.VERBOSE !== undefined;

const claims = new Map<string, Claim>();
let replays = 0;
let files = 0;
for (const path of tracesOf(process.argv[2] ?? process.env.SCX_CHECK_RECORDINGS)) {
  const trace = await openTrace(await openInput(path));
  files++;
  const random = new Random(seed);
  for (const [from, piece] of pieces(trace, random)) {
    const whole = measure(piece);
    // The beginning may be the whole recording, whose predictions other checks hold against it; a piece is a damage of its own.
    if (from > 0) for (const text of [...whole.mispredicted, ...whole.found]) claim(`${path}: start ${from}`, text, '');
    for (const [way, damaged] of damages(whole, random)) {
      replays++;
      const isNarrower = /^(type|types|field) /.test(way);
      note(`${path}: from ${from}: ${way}`, whole, damaged, isNarrower ? way : '');
    }
    process.stderr.write(`${path}: ${whole.events} events from ${from} on, ${claims.size} claims so far\n`);
  }
}
for (const [claim, { count, example }] of [...claims].toSorted((a, b) => b[1].count - a[1].count))
  console.log(`${count}\t${claim}\t${example}`);
console.log(`${files} recordings, ${replays} damaged replays, ${claims.size} unsound claims`);
process.exitCode = claims.size === 0 ? 0 : 1;

/** Claims without what differs from place to place. */
function note(where: string, whole: Whole, damaged: () => OpenTrace, by: string): void {
  const rules = new Set([...whole.found].map((text) => text.split(' ')[0]));
  for (const text of unsound(whole, damaged())) {
    // Without a type or field, what is there to be found may be found by another event.
    if (by !== '' && rules.has(text.split(' ')[0])) continue;
    claim(where, text, by);
  }
}

function claim(where: string, text: string, by: string): void {
  const kind = text
    .replaceAll(/\d+/g, 'N')
    .replaceAll(/0x[0-9a-fN]+/g, 'X')
    .replaceAll(/\S+\[N\]/g, 'TASK');
  const key = by === '' ? kind : `${by}: ${kind}`;
  const known = claims.get(key);
  if (known === undefined) claims.set(key, { count: 1, example: `${where}: ${text}` });
  else known.count++;
  if (showEach) console.log(`${where}: ${text}`);
}

/** The beginning of a recording and, when it has more, some piece of the rest, with the ordinals of their first events. */
function* pieces(trace: OpenTrace, random: Random): Generator<readonly [number, OpenTrace]> {
  let events = 0;
  trace.run({
    event() {
      events++;
      return true;
    },
  });
  yield [0, held(trace, limit)];
  if (events <= limit) return;
  const from = random.below(events - limit) + 1;
  yield [from, held(startingAt(trace, from), limit)];
}

/** Event types that one part of a recorder delivers, or not. */
function groupsOf(types: readonly EventType[]): EventType[][] {
  const starts = new Set(EVENT_TYPES.map((type) => type.split('_')[0] ?? ''));
  return [...starts]
    .map((start) => types.filter((type) => type.split('_')[0] === start))
    .filter((group) => group.length > 1);
}

function* damages(whole: Whole, random: Random): Generator<readonly [string, () => OpenTrace]> {
  for (const [way, damaged] of allDamages(whole, random))
    if (ways === undefined || ways.includes(way.split(' ')[0] ?? '')) yield [way, damaged];
}

function* allDamages(whole: Whole, random: Random): Generator<readonly [string, () => OpenTrace]> {
  const { trace, events, cpus } = whole;
  for (let i = 0; i < cases; i++) {
    const [from, to, cpu] = gap(whole, random);
    yield [`window ${from}-${to} cpu ${cpu}`, () => withoutWindow(trace, from, to, cpu)];
    const [from1, to1, cpu1] = gap(whole, random);
    yield [`cpu ${from1}-${to1} cpu ${cpu1}`, () => withoutCpu(trace, from1, to1, cpu1)];
    const a = gap(whole, random);
    const b = gap(whole, random);
    yield [`two ${a.join(',')} ${b.join(',')}`, () => withoutWindow(withoutCpu(trace, ...a), ...b)];
    const start = random.below(events);
    yield [`start ${start}`, () => startingAt(trace, start)];
    const end = random.below(events);
    yield [`end ${end}`, () => endingAt(trace, end)];
    const middle = random.below(events);
    yield [
      `middle ${middle} cpu ${cpus - 1}`,
      () => startingAt(endingAt(trace, Math.min(events, middle + random.below(2000) + 1)), middle),
    ];
  }
  const { types, fields } = vocabularyOf(trace);
  for (const type of types) yield [`type ${type}`, () => withoutType(trace, type)];
  const without = (left: readonly EventType[]): OpenTrace => left.reduce(withoutType, trace);
  for (const group of groupsOf(types)) yield [`types ${group.join(',')}`, () => without(group)];
  for (let i = 0; i < cases; i++) {
    const left = types.filter(() => random.below(4) === 0);
    yield [`types ${left.join(',')}`, () => without(left)];
  }
  for (const [type, field] of fields) yield [`field ${type}.${field}`, () => withoutField(trace, type, field)];
}

/** Lengths of gaps: mostly a few records, now and then most of the recording. */
function gap({ events, cpus }: Whole, random: Random): [number, number, number] {
  const longest = [4, 200, events][random.below(3)] ?? 1;
  const from = random.below(events);
  return [from, Math.min(events, from + 1 + random.below(longest)), random.below(cpus)];
}
