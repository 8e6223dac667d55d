// The same event twice: one CPU can't execute the same thing a second time within one tick of a fine clock.
import type { TraceEvent } from '../trace/event.ts';
import { hasKnownStep } from '../trace/moment.ts';
import { contradict, INCONSISTENT } from './contradiction.ts';
import type { Cpu } from './cpu.ts';
import type { Model } from './model.ts';
import type { Step } from './step.ts';

/** How many events a CPU must have shown, all at different times, before its clock counts as fine. */
const LEARNT = 256;

/** The event has the time of the last one of its CPU. */
export function checkRepeated(model: Model, event: TraceEvent, step: Step, cpu: Cpu): void {
  const same =
    cpu.lastMoment === event.moment &&
    hasKnownStep(event.moment) &&
    cpu.lastPid === event.pid &&
    cpu.lastRq === event.rq;
  // Texts often print times in us only.
  if (!same || model.sameTimes > 0 || cpu.seen < LEARNT || model.header.features.has('coarse-time')) {
    if (cpu.lastSeq >= 0) model.sameTimes++;
    return;
  }
  const text = `${event.type} is there twice on CPU ${cpu.id} at the same time`;
  contradict(step, INCONSISTENT, 'repeated', text, { cpu: cpu.id, sinceSeq: cpu.lastSeq });
}
