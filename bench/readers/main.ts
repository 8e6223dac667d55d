// `npm run bench:readers`: lines of text and megabytes of Perfetto a second, made from the recordings in SCX_CHECK_RECORDINGS.
// Beside it protobufjs on the same file, when it is installed and SCX_CHECK_PERFETTO_PROTO names the merged perfetto_trace.proto.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openInput, sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { perfettoTrace } from '../../test/support/perfetto.ts';
import { TEXT_STYLES, textTrace } from '../../test/support/text-trace.ts';

const ROUNDS = 5;
const MAX_LINES = 500_000;
const folder = process.env.SCX_CHECK_RECORDINGS;
if (folder === undefined) throw new Error('SCX_CHECK_RECORDINGS is not set: a folder of recordings');
const name = process.argv[2] ?? readdirSync(folder)[0] ?? '';
const path = join(folder, name, 'trace.dat');

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

const proto = process.env.SCX_CHECK_PERFETTO_PROTO;
if (proto !== undefined && existsSync(proto)) {
  const module: string = 'protobufjs';
  const { default: protobuf } = (await import(module)) as {
    default: {
      parse(text: string): { root: { lookupType(name: string): { decode(bytes: Uint8Array): unknown } } };
    };
  };
  const type = protobuf.parse(readFileSync(proto, 'utf8')).root.lookupType('perfetto.protos.Trace');
  const theirs = await best(() => {
    type.decode(bytes);
    return ours.events;
  });
  report('protobufjs, decode only', theirs, bytes.length);
  console.log(`${(theirs.seconds / ours.seconds).toFixed(1)} times as fast`);
}
