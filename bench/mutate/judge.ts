// Replays a mutant and says whether the rules noticed, and how near to the broken event.
import { Replay } from '../../src/replay/replay.ts';
import { RULES } from '../../src/rules/index.ts';
import type { TraceEvent } from '../../src/trace/event.ts';
import type { Mutant } from './mutation.ts';
import type { Recording } from './recording.ts';

/** Events after the broken one within which it has to be noticed. */
export const WINDOW = 20_000;

export interface Judgement {
  readonly found: boolean;
  /** Rules that reported, the first first. */
  readonly rules: readonly string[];
  /** Events between the broken one and the first report; negative: before it. */
  readonly distance: number;
  /** The first report is about the task, the CPU or the DSQ of the broken event, or stands at it. */
  readonly named: boolean;
}

export function judge(recording: Recording, mutant: Mutant): Judgement {
  const replay = new Replay(recording.header, { rules: RULES });
  const { events } = recording;
  const { at, replaced, by } = mutant;
  const end = Math.min(events.length, at + replaced + WINDOW);
  feed(replay, events, 0, at);
  const before = reports(replay).length;
  for (const event of by) replay.event(event);
  let next = at + replaced;
  // Stop as soon as it was noticed: what comes later adds nothing.
  for (; next < end; next++) {
    const event = events[next];
    if (event === undefined) break;
    replay.event(event);
    if ((next & 63) === 0 && reports(replay).length > before) break;
  }
  const found = reports(replay).toSorted((a, b) => a.seq - b.seq);
  const first = found[0];
  if (first === undefined) return { found: false, rules: [], distance: 0, named: false };
  const origin = events[at];
  const subject = new Set(mutant.pids);
  const named =
    first.seq - at <= 2 ||
    (first.pid >= 0 && subject.has(first.pid)) ||
    (first.cpu >= 0 && mutant.cpus.includes(first.cpu)) ||
    first.evidence.some((ref) => Math.abs(ref.seq - (origin?.seq ?? at)) <= 2) ||
    (first.dsq !== '' && mutant.dsq !== '' && first.dsq.startsWith(mutant.dsq));
  return { found: true, rules: [...new Set(found.map((finding) => finding.rule))], distance: first.seq - at, named };
}

/** The recording itself must be silent, or nothing that is found means anything. */
export function isHealthy(recording: Recording): boolean {
  const replay = new Replay(recording.header, { rules: RULES });
  feed(replay, recording.events, 0, recording.events.length);
  return reports(replay).length === 0;
}

function feed(replay: Replay, events: readonly TraceEvent[], from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const event = events[i];
    if (event !== undefined) replay.event(event);
  }
}

function reports(replay: Replay) {
  return replay.ruleRuns.flatMap((run) => run.findings);
}
