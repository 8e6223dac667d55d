// The smallest trace that still shows a finding: slicing by causality, then delta debugging, then values. Deterministic.

import type { ReplayResult } from '../findings/result.ts';
import { sourceFromBytes } from '../input/open.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { runReplay } from '../replay/run.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { SLOTS } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { loadDomain } from '../vtime/load-domain.ts';
import type { WriterSpec } from '../writers/writer.ts';
import { Draft, Workshop } from './draft.ts';
import { EventStore } from './event-store.ts';
import { Probe, type Target } from './probe.ts';
import { shrinkHeader } from './shrink-header.ts';
import { shrinkValues } from './shrink-values.ts';
import { neededEvents, withoutSpare } from './slice.ts';

export interface MinimizeOptions {
  readonly rule: RuleSpec;
  /** Only a finding about this task. */
  readonly pid?: number | undefined;
  readonly kernel?: KernelVersion | undefined;
  /** How the scheduler keeps vtime, for the header of the result; absent: as the header says. */
  readonly domain?: TraceHeader['domain'];
  /** Leave values, times and header as they were recorded. */
  readonly keepValues?: boolean | undefined;
  /** Spelling to write. */
  readonly writer: WriterSpec;
  /** Path that the result will have, for the command in its finding. */
  readonly path: string;
}

export interface Minimized {
  /** The trace in the spelling that was asked for. */
  readonly text: string;
  /** Events in it, and in the trace that it was cut from. */
  readonly events: number;
  readonly originalEvents: number;
  /** The result of replaying the text with the rule. */
  readonly result: ReplayResult;
  readonly effort: Effort;
}

export interface Effort {
  /** Parts of the trace that were replayed to find the events, the first replay of the whole trace included. */
  readonly replays: number;
  /** Events that went through these replays, in lengths of the whole trace. */
  readonly wholeTraces: number;
  /** Replays of the short trace while its values and header were reduced. */
  readonly polishing: number;
}

/** Undefined: the trace has no such violation. */
export async function minimize(trace: OpenTrace, options: MinimizeOptions): Promise<Minimized | undefined> {
  const { rule, kernel } = options;
  const store = EventStore.of(trace);
  const header: TraceHeader = {
    ...trace.header,
    ...(options.domain === undefined ? {} : { domain: options.domain }),
  };
  const domain = await loadDomain(header.domain);
  const probe = new Probe(store, { rule, kernel, domain });
  const target = probe.findTarget(header, { pid: options.pid });
  if (target === undefined) return undefined;
  const end = lastNeeded(target, store.length);
  const sliced = neededEvents(probe, store, header, target, end);
  const reduced = withoutSpare(probe, header, target, {
    ordinals: sliced ?? Uint32Array.from({ length: end }, (_, i) => i),
    sliced: sliced !== undefined,
  });
  const whole = Draft.cut(store, header, reduced, target, store.timeBase);
  const workshop = new Workshop(whole, { rule, kernel, domain });
  if (options.keepValues !== true) {
    shrinkValues(workshop);
    shrinkHeader(workshop);
  }
  const { text, result } = await verified(workshop.draft, whole, options);
  return {
    text,
    events: workshop.draft.length,
    originalEvents: store.length,
    result,
    effort: {
      replays: probe.replays,
      wholeTraces: store.length === 0 ? 0 : probe.events / store.length,
      polishing: workshop.replays,
    },
  };
}

/** Number of events from the beginning on that can matter: behind the report only what the kernel made of it does. */
function lastNeeded(target: Target, length: number): number {
  const isOver = target.seq >= 0 && target.status === undefined && target.exitMessage === undefined;
  return isOver ? target.seq + 1 : length;
}

/** The text, replayed as a user would; should the reduced values not survive their spelling, those of the trace do. */
async function verified(
  draft: Draft,
  whole: Draft,
  options: MinimizeOptions,
): Promise<{ text: string; result: ReplayResult }> {
  for (const candidate of draft === whole ? [whole] : [draft, whole]) {
    const text = write(candidate, options, undefined);
    const result = await replayText(text, options);
    const finding = result.findings.find((entry) => isTheFinding(entry, candidate.target));
    if (finding === undefined) continue;
    const commented = write(candidate, options, `${finding.message}.`);
    return { text: commented, result: await replayText(commented, options) };
  }
  throw new Error(`the minimised trace does not show ${options.rule.id} any more`);
}

function isTheFinding(finding: ReplayResult['findings'][number], target: Target): boolean {
  return (
    finding.rule === target.rule.id &&
    finding.verdict === 'violation' &&
    (finding.class ?? '') === target.class &&
    (finding.pid ?? -1) === target.pid &&
    (finding.kernel ?? undefined) === target.status
  );
}

async function replayText(text: string, options: MinimizeOptions): Promise<ReplayResult> {
  const { rule, kernel, path } = options;
  const trace = await openTrace(sourceFromBytes(text, path));
  const domain = await loadDomain(trace.header.domain);
  return runReplay(trace, { path, rules: [rule], domain, ...(kernel === undefined ? {} : { kernel }) });
}

function write(draft: Draft, { writer, kernel }: MinimizeOptions, comment: string | undefined): string {
  const parts: string[] = [];
  const used = SLOTS.filter((slot) => draft.events.some((event) => event.hasSlot(slot))).map(({ field }) => field);
  const output = writer.create({ write: (text) => void parts.push(text) }, used);
  output.begin({
    ...draft.header,
    ...(comment === undefined ? {} : { comment }),
    // A release that was asked for is part of what the trace shows.
    ...(kernel === undefined ? {} : { kernel: kernelText(kernel) }),
  });
  for (const event of draft.events) output.event(event, draft.timeBase);
  output.end();
  return parts.join('');
}

function kernelText({ release, point }: KernelVersion): string {
  return point === 0 ? release : `${release}.${point}`;
}
