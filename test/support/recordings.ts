// The recordings that the project ships: readable cuts (.jsonl) and complete ones (.dat.xz), with the expected result beside each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ReplayResult, ResultFinding } from '../../src/findings/result.ts';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { SLOTS } from '../../src/trace/event.ts';
import type { WriterSpec } from '../../src/writers/writer.ts';

const ROOT = join(import.meta.dirname, '../../fixtures/recordings');

/** What `NAME.expect.json` says of a replay of `NAME`. */
export type ExpectedResult = Pick<ReplayResult, 'verdict' | 'exit_code' | 'fidelity'> & {
  readonly findings: readonly Pick<ResultFinding, 'rule' | 'verdict' | 'class' | 'pid' | 'kernel_message' | 'kernel'>[];
};

/** Names of the shipped recordings with that ending, without it. */
export function recordingNames(ending: '.jsonl' | '.dat.xz'): string[] {
  return readdirSync(ROOT)
    .filter((name) => name.endsWith(ending))
    .map((name) => basename(name, ending));
}

export function recordingPath(name: string, ending: '.jsonl' | '.dat.xz'): string {
  return join(ROOT, `${name}${ending}`);
}

/** Recordings in a directory, one folder each, with their paths. */
export function foundRecordings(directory: string): (readonly [string, string])[] {
  return readdirSync(directory).flatMap((name) => {
    const path = ['trace.dat', 'trace.dat.xz']
      .map((file) => join(directory, name, file))
      .find((file) => existsSync(file));
    return path === undefined ? [] : [[name, path] as const];
  });
}

export function expectedResult(name: string): ExpectedResult {
  return JSON.parse(readFileSync(join(ROOT, `${name}.expect.json`), 'utf8')) as ExpectedResult;
}

/** The part of a result that an expectation speaks of. */
export function summary(result: ReplayResult): ExpectedResult {
  return {
    verdict: result.verdict,
    exit_code: result.exit_code,
    findings: result.findings.map((finding) => ({
      rule: finding.rule,
      verdict: finding.verdict,
      class: finding.class,
      pid: finding.pid,
      kernel_message: finding.kernel_message,
      kernel: finding.kernel,
    })),
    fidelity: result.fidelity,
  };
}

export async function openRecording(path: string): Promise<OpenTrace> {
  return openTrace(await openInput(path));
}

/** The trace as text in one of the canonical spellings. */
export function spell(trace: OpenTrace, writerSpec: WriterSpec): string {
  let text = '';
  const output = {
    write(part: string) {
      text += part;
    },
  };
  const writer = writerSpec.create(
    output,
    SLOTS.map((slot) => slot.field),
  );
  writer.begin(trace.header);
  trace.run({
    event(event) {
      writer.event(event, trace.timeBase);
      return true;
    },
  });
  writer.end();
  return text;
}
