// One recording in every format that can hold it: the same events, the same verdicts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { type PlainEvent, readEvents } from '../support/events.ts';
import { perfettoTrace, probeOf } from '../support/perfetto.ts';
import { TEXT_STYLES, textTrace } from '../support/text-trace.ts';

const STATE = join(import.meta.dirname, '../../fixtures/state');

const open = (bytes: Uint8Array | string) => openTrace(sourceFromBytes(bytes, 'trace'));
const source = (name: string) => open(readFileSync(join(STATE, name)));

/** Names of tasks are told once, and formats that do not tell the number of CPUs say how much of a mask is known. */
const plain = (events: readonly PlainEvent[]): PlainEvent[] =>
  events.map((event) =>
    Object.fromEntries(Object.entries(event).filter(([name]) => !name.endsWith('comm') && name !== 'cpus_bits')),
  );

/** The events that a probe can have recorded. */
async function recordable(name: string): Promise<PlainEvent[]> {
  const trace = await source(name);
  const kept: boolean[] = [];
  trace.run({ event: (event) => kept.push(probeOf(event) !== undefined) > 0 });
  return plain(readEvents(await source(name)).events.filter((_, i) => kept[i]));
}

describe.each(['affinity-race.jsonl', 'bypass-begins.jsonl'])('%s', (name) => {
  test.each(TEXT_STYLES)('as text, %s', async (style) => {
    const read = readEvents(await open(textTrace(await source(name), style)));
    expect(plain(read.events)).toEqual(await recordable(name));
  });

  test.each([1, 3, 500])('as Perfetto, %d events a bundle', async (perBundle) => {
    const read = readEvents(await open(perfettoTrace(await source(name), { perBundle })));
    expect(plain(read.events)).toEqual(await recordable(name));
  });

  test('the findings are the same', async () => {
    const verdicts = async (bytes: Uint8Array | string): Promise<unknown> => {
      const trace = await open(bytes);
      // What the formats cannot say of themselves, the recorder's snapshot does.
      const { header } = await source(name);
      const told = { ...trace, header: { ...header, recorded: trace.header.recorded ?? new Set() } };
      const result = runReplay(
        {
          ...told,
          run: trace.run.bind(trace),
          positionOf: trace.positionOf.bind(trace),
          timeBase: trace.timeBase,
          unused: trace.unused,
          absorbed: trace.absorbed,
          format: trace.format,
        },
        { path: 'trace', rules: RULES },
      );
      return result.findings
        .filter((finding) => finding.verdict === 'violation')
        .map(({ rule, message, ts }) => ({ rule, message, ts }));
    };
    const text = textTrace(await source(name), 'report');
    const perfetto = perfettoTrace(await source(name));
    expect(await verdicts(perfetto)).toEqual(await verdicts(text));
  });
});
