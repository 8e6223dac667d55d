// Helpers of the tests: replay a trace given as text, a file, or a list of events.
import { readFileSync } from 'node:fs';
import type { ReplayResult } from '../../src/findings/result.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { ReaderOptions } from '../../src/readers/reader.ts';
import { type RunOptions, runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { loadDomain } from '../../src/vtime/load-domain.ts';

export interface EventJson {
  readonly ts: number;
  readonly cpu: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A canonical trace as text. */
export function traceText(events: readonly EventJson[], header: object = {}): string {
  const lines = [JSON.stringify({ format: 'scx-trace@1', ...header }), ...events.map((event) => JSON.stringify(event))];
  return `${lines.join('\n')}\n`;
}

export async function replayText(
  text: string | Uint8Array,
  options: Partial<RunOptions> = {},
  readerOptions: ReaderOptions = {},
): Promise<ReplayResult> {
  const trace = await openTrace(sourceFromBytes(text, 'trace'), readerOptions);
  const domain = options.domain ?? (await loadDomain(trace.header.domain));
  return runReplay(trace, { path: 'trace', rules: RULES, ...options, domain });
}

export function replayFile(path: string, options: Partial<RunOptions> = {}): Promise<ReplayResult> {
  return replayText(readFileSync(path), options);
}

export function replayEvents(
  events: readonly EventJson[],
  header: object = {},
  options: Partial<RunOptions> = {},
): Promise<ReplayResult> {
  return replayText(traceText(events, header), options);
}
