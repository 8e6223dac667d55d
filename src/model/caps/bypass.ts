// Bypass per scheduler: depths, what a return from bypass owes on every CPU, and where tasks of a bypassing one wait.
import type { TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { CapsState } from './caps-state.ts';
import { isComplete } from './cell.ts';
import { pushSync } from './sync.ts';
import { isPlaced } from './tree.ts';

/** The depth that the event shows must be the one that the toggles so far lead to. Called before the core takes it. */
export function beforeBypass(model: Model, event: TraceEvent, step: Step): void {
  const sched = model.schedOf(event);
  if (sched === undefined || event.step === 'dsp_disable') return;
  const { checks } = step;
  const { caps } = model;
  caps.bypassShown = true;
  // Toggles on two CPUs wait for each other: which comes first is not known until both are over.
  const concurrent = event.phase === 'end' ? caps.toggles.overlapped.has(event.cpu) : caps.toggles.open.size > 0;
  noteToggle(caps, event);
  if (concurrent) {
    checks.open('bypass-depth', 'two toggles were under way at the same time', sched);
    return;
  }
  const before = sched.bypassDepth;
  if (event.phase === 'end') {
    if (!event.has('depth') || before < 0) return;
    if (event.depth === before) checks.pass('bypass-depth', sched);
    else
      checks.fail(
        'bypass-depth',
        `${sched.label} has bypass depth ${event.depth}, the toggles lead to ${before}`,
        sched,
      );
    return;
  }
  if (before < 0) {
    checks.open('bypass-depth', 'the bypass depth is not known', sched);
    return;
  }
  if (event.has('depth') && event.depth !== before)
    checks.fail(
      'bypass-depth',
      `${sched.label} has bypass depth ${event.depth}, the toggles so far lead to ${before}`,
      sched,
    );
  else if (event.has('bypass') && !event.bypass && before === 0)
    checks.fail('bypass-depth', `${sched.label} leaves bypass without having entered it`, sched);
  else checks.pass('bypass-depth', sched);
}

/** Keeps track of the toggles that are under way, and of those that met another one. */
function noteToggle({ toggles }: CapsState, event: TraceEvent): void {
  if (event.phase === 'begin') {
    if (toggles.open.size > 0) {
      for (const cpu of toggles.open) toggles.overlapped.add(cpu);
      toggles.overlapped.add(event.cpu);
    }
    toggles.open.add(event.cpu);
  } else {
    toggles.open.delete(event.cpu);
    toggles.overlapped.delete(event.cpu);
  }
}

export function bypass(model: Model, event: TraceEvent, step: Step): void {
  const { sched } = step;
  if (sched === undefined || event.step === 'dsp_disable') return;
  const { caps } = model;
  const executing = caps.cpu(event.cpu);
  if (event.phase === 'begin') {
    executing.push('bypass', sched, event.seq);
    const own = caps.of(sched);
    // The window of the enable: callbacks are set when bypass is on, and in use when it goes off.
    if (sched === caps.enabling && own.live !== YES)
      own.live = !event.has('bypass') ? UNKNOWN : event.bypass ? own.live : YES;
    return;
  }
  executing.pop('bypass');
  if (sched === caps.enabling && caps.of(sched).live === NO && event.bypass) caps.of(sched).live = UNKNOWN;
  if (!event.has('bypass')) {
    forgetOwed(caps, sched);
    return;
  }
  if (event.bypass) {
    for (const member of sched.subtree()) for (const cpu of caps.cpus()) caps.of(member).cpu(cpu.id).idleTold = UNKNOWN;
    return;
  }
  for (const member of sched.subtree()) if (member.bypassDepth === 0) leave(model, event, member);
}

/** Whether bypass began or ended is not in the recording: nobody knows what a return from it owes. */
function forgetOwed(caps: CapsState, sched: Sched): void {
  for (const cpu of caps.cpus()) {
    cpu.gateSub = UNKNOWN;
    cpu.gateRoot = UNKNOWN;
    cpu.pendingKnown = false;
    for (const member of sched.subtree()) {
      const on = caps.of(member).cpu(cpu.id);
      on.idleTold = UNKNOWN;
      on.marker = UNKNOWN;
    }
  }
}

/** What a scheduler is owed on every CPU when it no longer bypasses. */
function leave(model: Model, event: TraceEvent, sched: Sched): void {
  const { caps } = model;
  const own = caps.of(sched);
  for (const cpu of caps.cpus()) {
    const on = own.cpu(cpu.id);
    on.idleTold = UNKNOWN;
    if (sched.isRoot) {
      cpu.gateRoot = YES;
      continue;
    }
    on.marker = YES;
    cpu.gateSub = YES;
    if (on.effective === on.reported || !isComplete(on.effective) || !isComplete(on.reported)) continue;
    on.replaySeq = event.seq;
    if (!caps.queuesShown) pushSync(model, sched, cpu.id, event.seq, event.t, true);
  }
}

/** A task of a bypassing scheduler waits with the nearest ancestor that is not bypassing. */
export function routed(step: Step): void {
  const { dsq, task } = step;
  if (dsq === undefined || task?.sched === undefined || !dsq.isBypass || dsq.sched === undefined) return;
  const cpu = dsq.cpu >= 0 ? dsq.cpu : task.taskCpu;
  if (cpu < 0) return;
  if (!isPlaced(task.sched) || !isPlaced(dsq.sched)) {
    step.checks.open('bypass-route', 'it is not known who is above whom', task.sched, cpu);
    return;
  }
  let host: Sched = task.sched;
  for (;;) {
    const state = host.isBypassing(cpu);
    if (state === NO) break;
    if (state === UNKNOWN) {
      step.checks.open('bypass-route', 'it is not known who bypasses', task.sched, cpu);
      return;
    }
    if (host.parent === undefined) {
      if (host.level > 0) return;
      break;
    }
    host = host.parent;
  }
  if (host === dsq.sched) step.checks.pass('bypass-route', task.sched, cpu);
  else
    step.checks.fail(
      'bypass-route',
      `${task.label} of ${task.sched.label} waits on the bypass DSQ of ${dsq.sched.label}, its host is ${host.label}`,
      task.sched,
      cpu,
    ).task = task;
}

/** Callbacks that are not called while their scheduler bypasses on the CPU. */
const SUPPRESSED: ReadonlySet<string> = new Set([
  'select_cid',
  'select_cpu',
  'enqueue',
  'dispatch',
  'update_idle',
  'sub_ecaps_updated',
  'tick',
  'core_sched_before',
]);

/** A callback of the scheduler is called on a CPU. */
export function checkSilence(step: Step, sched: Sched, op: string, cpu: number): void {
  if (!SUPPRESSED.has(op)) return;
  const state = sched.isBypassing(cpu);
  if (state === NO) step.checks.pass('bypass-silent', sched, cpu);
  else if (state === YES)
    step.checks.fail(
      'bypass-silent',
      `ops.${op}() of ${sched.label} is called on CPU ${cpu} while it is bypassing`,
      sched,
      cpu,
    );
}
