// `npm run bench:readers`: lines of text and megabytes of Perfetto a second, made from the largest handy recording of SCX_CHECK_RECORDINGS,
// of those of the project, or from the trace that is named. Beside it protobufjs on the same Perfetto file.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { openInput, sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { perfettoTrace } from '../../test/support/perfetto.ts';
import { TEXT_STYLES, textTrace } from '../../test/support/text-trace.ts';
import { PROJECT, recordings } from '../support/inputs.ts';

const ROUNDS = 5;
const MAX_LINES = 500_000;
/** Larger ones would not fit into one string as text. */
const LARGEST = 32 * 1024 * 1024;
const path = process.argv[2] ?? recordings().find((name) => statSync(name).size < LARGEST) ?? '';

/** CPU time of this process, seconds: other load on the machine counts less than with wall time. */
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function best(round: () => Promise<number> | number): Promise<{ seconds: number; events: number }> {
  let seconds = Number.POSITIVE_INFINITY;
  let events = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const before = cpuSeconds();
    events = await round();
    seconds = Math.min(seconds, cpuSeconds() - before);
  }
  return { seconds, events };
}

async function readAll(bytes: Uint8Array | string): Promise<number> {
  const trace = await openTrace(sourceFromBytes(bytes, 'bench'));
  let n = 0;
  trace.run({ event: () => ++n > 0 });
  return n;
}

const open = async () => openTrace(await openInput(path));
const report = (what: string, { seconds, events }: { seconds: number; events: number }, bytes: number): void =>
  console.log(
    `${what.padEnd(28)} ${(events / seconds / 1e6).toFixed(2)} M events/s  ${(bytes / seconds / 1e6).toFixed(0)} MB/s`,
  );

console.log(path);
for (const style of TEXT_STYLES) {
  const lines = textTrace(await open(), style)
    .split('\n')
    .slice(0, MAX_LINES);
  const plain = lines.filter((line) => /: (?:sched:)?sched_\w+: |^cpus=|^#/.test(line));
  for (const [what, part] of [
    ['all events', lines],
    ['sched:*', plain],
  ] as const) {
    const text = new TextEncoder().encode(`${part.join('\n')}\n`);
    report(`text, ${style}, ${what}`, await best(() => readAll(text)), text.length);
  }
}
const bytes = perfettoTrace(await open());
const ours = await best(() => readAll(bytes));
report('Perfetto', ours, bytes.length);

const type = protobuf
  .parse(readFileSync(join(PROJECT, 'bench/readers/perfetto.proto'), 'utf8'))
  .root.lookupType('Trace');
const theirs = await best(() => {
  type.decode(bytes);
  return ours.events;
});
report('protobufjs, decode only', theirs, bytes.length);
const times = theirs.seconds / ours.seconds;
console.log(`  ${times.toFixed(1)} times as fast: ${times >= 2 ? 'met' : 'NOT MET'}, at least 2`);
process.exitCode = times >= 2 ? 0 : 1;
