// CPUs that come and go: what is in effect on them, and what is folded when they are back.
import type { TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import type { Step } from '../step.ts';
import { CELL_EMPTY, either } from './cell.ts';
import { pushSync } from './sync.ts';

/** The CPU goes down: its run queue goes offline, then nothing is in effect on it any more. */
export function offline(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  step.rq = model.cpu(event.target);
  const gone = event.step === 'notify' || event.step === '';
  for (const sched of model.scheds) {
    if (sched.isRoot || sched.gone) continue;
    const on = caps.of(sched).cpu(event.target);
    on.idleTold = -1;
    if (event.step === 'inactive') continue;
    // Those that are not linked yet, or whose link was not seen, may be left out.
    const zeroed = gone && sched.linked;
    on.effective = zeroed ? CELL_EMPTY : either(on.effective, CELL_EMPTY);
    on.lost = 0;
    on.lossSeq = -1;
    if (zeroed) on.zeroedSeq = event.seq;
  }
  const cpu = caps.cpu(event.target);
  cpu.scanOwedSeq = -1;
  cpu.evicted = undefined;
  cpu.owed = [];
  cpu.owedOpen = false;
}

/** The CPU is active again: everybody's set is folded anew. */
export function online(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  step.rq = model.cpu(event.target);
  const cpu = caps.cpu(event.target);
  cpu.idle = -1;
  if (caps.queuesShown || (event.step !== 'notify' && event.step !== '')) return;
  for (const sched of model.scheds)
    if (!sched.isRoot && !sched.gone) pushSync(model, sched, event.target, event.seq, event.t, sched.linked);
}
