// A thread of its own delivers what reading directly delivers: events, ends, damage.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { FileSource } from '../../../src/input/source.ts';
import { openTrace } from '../../../src/readers/index.ts';
import type { OpenTrace } from '../../../src/readers/reader.ts';
import { ReaderThread } from '../../../src/readers/thread/reader-thread-handle.ts';
import { scxCheck } from '../../support/program.ts';

const HEALTHY = readFileSync(join(import.meta.dirname, '../../../fixtures/recordings/healthy.jsonl'), 'utf8');
const [HEADER = '', ...LINES] = HEALTHY.trimEnd().split('\n');

/** The events of the fixture over and over, as if it went on. */
function long(bytes: number): string {
  const parts = [HEADER];
  let length = 0;
  const times = LINES.map((line) => BigInt(/"ts":(\d+)/.exec(line)?.[1] ?? 0));
  const span = (times.at(-1) ?? 0n) - (times[0] ?? 0n) + 1000n;
  for (let round = 0n; length < bytes; round++) {
    for (const [i, line] of LINES.entries()) {
      const text = line.replace(/"ts":\d+/, `"ts":${(times[i] ?? 0n) + round * span}`);
      parts.push(text);
      length += text.length + 1;
    }
  }
  return `${parts.join('\n')}\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'scx-check-'));
afterAll(() => rmSync(folder, { recursive: true }));
const whole = join(folder, 'whole.jsonl');
const damaged = join(folder, 'damaged.jsonl');
/** Long enough for a thread, and cut off at its end. */
const large = join(folder, 'large.jsonl');
const script = join(dirname(inject('program')), '../dist/reader-thread.cjs');

let threads: ReaderThread[] = [];
afterEach(() => {
  for (const thread of threads) thread.close();
  threads = [];
});

beforeAll(() => {
  const text = long(2 * 1024 * 1024);
  writeFileSync(whole, text);
  writeFileSync(damaged, text.slice(0, -20));
  writeFileSync(large, long(17 * 1024 * 1024).slice(0, -20));
});

async function open(path: string): Promise<{ direct: OpenTrace; threaded: OpenTrace }> {
  const source = FileSource.open(path);
  const thread = new ReaderThread(new Worker(script), path, source.fd, {});
  threads.push(thread);
  const direct = await openTrace(source);
  return { direct, threaded: thread.follow(await openTrace(source)) };
}

interface Summary {
  readonly events: number;
  readonly hash: number;
  readonly last: string;
  readonly base: bigint;
  readonly error: string;
}

/** Reads up to `limit` events, and folds all of their numbers into one. */
function summary(trace: OpenTrace, limit = Number.POSITIVE_INFINITY): Summary {
  let events = 0;
  let hash = 0;
  let last = '';
  let error = '';
  try {
    trace.run({
      event(event) {
        events++;
        for (const word of event.words) hash = (Math.imul(hash, 31) + word) | 0;
        hash = (Math.imul(hash, 31) + event.t + event.seq + event.cpu) | 0;
        last = `${event.type} ${event.comm} ${trace.positionOf(event)} ${trace.lineOf?.(event)}`;
        return events < limit;
      },
    });
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    error = cause.describe();
  }
  return { events, hash, last, base: trace.timeBase, error };
}

describe('a trace that a thread reads', () => {
  test('has the same events, also in a second run and in one that was broken off before', async () => {
    const { direct, threaded } = await open(whole);
    const all = summary(direct);
    expect(all.events).toBeGreaterThan(10_000);
    expect(summary(threaded)).toEqual(all);
    expect(summary(threaded, 1000)).toEqual(summary(direct, 1000));
    expect(summary(threaded)).toEqual(all);
  });

  test('ends with the same error where it is damaged', async () => {
    const { direct, threaded } = await open(damaged);
    const all = summary(direct);
    expect(all.error).toContain('[truncated]');
    expect(summary(threaded)).toEqual(all);
  });

  test('passes on the error of a sink', async () => {
    const { threaded } = await open(whole);
    const sink = {
      event: () => {
        throw new RangeError('no');
      },
    };
    expect(() => threaded.run(sink)).toThrow('no');
  });
});

describe('replay of a long trace', () => {
  test('comes to the same result as that of a pipe', { timeout: 60_000 }, () => {
    const file = scxCheck(['replay', large, '--format', 'json', '--keep-going']);
    const pipe = scxCheck(['replay', '-', '--format', 'json', '--keep-going'], { input: readFileSync(large, 'utf8') });
    expect(file.code).toBe(pipe.code);
    expect(file.stdout.replaceAll(large, '-')).toBe(pipe.stdout);
    expect(JSON.parse(file.stdout)).toMatchObject({
      trace: { format: 'jsonl' },
      incomplete: { error: expect.stringContaining('the file ends too early') },
    });
  });
});
