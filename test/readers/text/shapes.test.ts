// What a line says does not depend on the lines before it, although reading goes by what they looked like.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlainEvent, readBytes } from '../../support/events.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/readers');
const REPORT = readFileSync(join(ROOT, 'report/report.txt'), 'utf8').trimEnd().split('\n').slice(1);
const TRACE = readFileSync(join(ROOT, 'ftrace/trace-pipe.txt'), 'utf8').trimEnd().split('\n');

/** Names of tasks are told once, and lines are numbered. */
const plain = (events: readonly PlainEvent[]): PlainEvent[] =>
  events
    .filter((event) => event.type !== 'lost')
    .map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => !name.endsWith('comm'))));

/** Ways to change what stands behind a `key=`. */
const VALUES = [
  '0',
  '-1',
  '7',
  '123456789',
  '9223372036854775810',
  '0xff1d88ac3bc32fb8',
  '0x0',
  '',
  'x',
  'a b',
  '"q r"',
  'R+',
  '12x',
];

interface Change {
  readonly line: number;
  readonly key: number;
  readonly value: string;
  readonly how: 'value' | 'swap' | 'cut' | 'again' | 'unknown';
}

/** Changes the arguments of a line, never its head. */
function changed(line: string, { key, value, how }: Change): string {
  const colon = /\d: +\w+: +/.exec(line);
  if (colon === null) return line;
  const from = colon.index + colon[0].length;
  const words = line.slice(from).split(' ');
  const keyed = words.flatMap((word, i) => (word.includes('=') && !word.startsWith('=') ? [i] : []));
  const at = keyed[key % Math.max(1, keyed.length)];
  if (at === undefined) return line;
  const [name = ''] = (words[at] ?? '').split('=');
  if (how === 'value') words[at] = `${name}=${value}`;
  else if (how === 'swap') words.unshift(...words.splice(at, 1));
  else if (how === 'cut') words.splice(at, 1);
  else if (how === 'again') words.push(words[at] ?? '');
  else words.splice(at, 0, `other=${value}`);
  return line.slice(0, from) + words.join(' ');
}

const changes = fc.array(
  fc.record<Change>({
    line: fc.nat(500),
    key: fc.nat(12),
    value: fc.constantFrom(...VALUES),
    how: fc.constantFrom('value', 'value', 'value', 'swap', 'cut', 'again', 'unknown'),
  }),
  { minLength: 10, maxLength: 60 },
);

test.each([
  // Of one switch two lines become one event, unless one of them is missing.
  ['trace-cmd report, probes', REPORT.filter((line) => !line.includes(': sched_switch:'))],
  ['trace-cmd report, plugins', REPORT.filter((line) => !line.includes(': switch:'))],
  ['tracefs', TRACE],
])('%s', async (_, source) => {
  // The same few lines again and again, each changed in its own way.
  const picks = fc.array(fc.nat(12), { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(changes, picks, fc.nat(source.length - 13), async (list, places, start) => {
      const lines = places.toSorted((x, y) => x - y).map((place) => source[start + place] ?? '');
      for (const change of list) {
        const at = change.line % lines.length;
        lines[at] = changed(lines[at] ?? '', change);
      }
      const read = async (text: string) =>
        plain((await readBytes(`cpus=4\n${text}`, { format: 'ftrace-text' })).events);
      const together = await read(lines.join('\n'));
      const alone: PlainEvent[] = [];
      for (const line of lines) alone.push(...(await read(line)));
      expect(together).toEqual(alone);
    }),
    { numRuns: 25 },
  );
});

/** Lines of one probe of CPU 0, one a microsecond. */
const probeLines = (name: string, args: readonly string[]): string =>
  args
    .map((text, i) => `     hog-1-511   [000] d..2.    45.${String(i).padStart(6, '0')}: ${name}: ${text}`)
    .join('\n');

test('text where a pointer belongs leaves the verdict open', async () => {
  const picks = ['0xff1d88ac0304a340', 'R+', '0x0'].map(
    (ret) => `(ffffffffa4c239c0 <- ffffffffa5a835b1) cpu=0 ret=${ret} pid=516 slice=5000000 rqf=33 lnr=1 psid=1`,
  );
  const { events } = await readBytes(probeLines('pick_task_r', picks), { format: 'ftrace-text' });
  expect(events.map(({ verdict, pid }) => ({ verdict, pid }))).toEqual([
    { verdict: 'task', pid: 516 },
    {},
    { verdict: 'none' },
  ]);
});

test('what one line has and the next has not', async () => {
  const picks = ['0xff1d88ac0304a340', '0x0', '0xff1d88ac0304a340', '0xffffffffffffffff'].map(
    (ret) => `(ffffffffa4c239c0 <- ffffffffa5a835b1) cpu=0 ret=${ret} pid=516 slice=5000000 rqf=33 lnr=1 psid=1`,
  );
  const { events } = await readBytes(probeLines('pick_task_r', picks), { format: 'ftrace-text' });
  expect(events.map(({ verdict, pid }) => ({ verdict, pid }))).toEqual([
    { verdict: 'task', pid: 516 },
    { verdict: 'none' },
    { verdict: 'task', pid: 516 },
    { verdict: 'retry' },
  ]);
});

test('a name is told when it is news', async () => {
  const wakeups = ['a', 'a', 'b c', 'b c', 'a', 'a-name-of-15-byt', 'a-name-of-15-byu', 'a-name-longer-than-any'].map(
    (comm) => `comm=${comm} pid=7 prio=120 target_cpu=000`,
  );
  const { events } = await readBytes(probeLines('sched_wakeup', wakeups), { format: 'ftrace-text' });
  expect(events.map(({ comm }) => comm)).toEqual([
    'a',
    undefined,
    'b c',
    undefined,
    'a',
    'a-name-of-15-byt',
    'a-name-of-15-byu',
    'a-name-longer-than-any',
  ]);
  expect(events.every(({ pid, target }) => pid === 7 && target === 0)).toBe(true);
});

test('a wakeup without a CPU after one with it', async () => {
  const wakeups = ['hog:7 [120] CPU:003', 'hog:7 [120] CPU:003', 'hog:7 [120]', 'a [b]:8 [39] CPU:001'];
  const { events } = await readBytes(probeLines('sched_wakeup', wakeups), { format: 'ftrace-text' });
  expect(events.map(({ pid, prio, target, comm }) => ({ pid, prio, target, comm }))).toEqual([
    { pid: 7, prio: 120, target: 3, comm: 'hog' },
    { pid: 7, prio: 120, target: 3 },
    { pid: 7, prio: 120 },
    { pid: 8, prio: 39, target: 1, comm: 'a [b]' },
  ]);
});
