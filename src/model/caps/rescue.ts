// Rescue of tasks that their scheduler may not place: who is being rescued on each CPU, for how long, from which budget.

import { EXIT_KIND } from '../../kernel/exit.ts';
import { ENQ_HI_IGNORE_CAPS } from '../../kernel/flags.ts';
import { MIN_OVERLOAD_NS, rescueKnobs } from '../../kernel/rescue.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toNumber, toSignedNumber } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import type { CpuCaps } from './cpu-caps.ts';
import { ADMIT_RESCUE, NO_CPU, SOME_CPU } from './task-caps.ts';

/** Without the length of a tick, the longest that kernels are built with. */
const LONGEST_TICK_NS = 10_000_000;

function tickNs(model: Model): number {
  return model.hz > 0 ? 1_000_000_000 / model.hz : LONGEST_TICK_NS;
}

/** The root's options for rescues. */
export function learnKnobs(model: Model, event: TraceEvent, sched: Sched): void {
  if (!sched.isRoot || !event.has('rescue_ppt')) return;
  const { caps } = model;
  const knobs = rescueKnobs(event.rescue_ppt, event.has('rescue_us') ? event.rescue_us : 0, tickNs(model));
  caps.rescueEnabled = knobs === undefined ? NO : YES;
  caps.rescueKnobs = knobs;
}

/** Nobody is being rescued anywhere: a root scheduler is attached, and none was before. */
export function noRescues(model: Model): void {
  for (const cpu of model.caps.cpus()) cpu.rescuee = null;
}

export function rescue(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  if (event.rq < 0) return;
  step.rq = model.cpu(event.rq);
  const cpu = caps.cpu(event.rq);
  const task = event.pid > 0 ? model.task(event.pid) : undefined;
  step.task = task;
  if (event.has('budget')) noteBudget(cpu, event);
  switch (event.step) {
    case 'park':
      if (task !== undefined) park(model, event, task);
      break;
    case 'admit':
      if (task !== undefined)
        admit(model, event, step, cpu, task, event.has('slice') ? toNumber(event.slice_hi, event.slice_lo) : -1);
      break;
    case 'escalate':
      if (task !== undefined) escalate(step, cpu, task, event.rq, 'is brought forward');
      break;
    case 'end':
    case 'flush':
      end(model, event, cpu);
      break;
    default:
  }
}

function noteBudget(cpu: CpuCaps, event: TraceEvent): void {
  cpu.budgetNs = toSignedNumber(event.budget_hi, event.budget_lo);
  cpu.budgetTime = event.t;
}

function park(model: Model, event: TraceEvent, task: Task): void {
  const own = model.caps.task(task);
  own.parkedOn = event.rq;
  own.parkedTime = event.t;
  own.parkedSeq = event.seq;
}

/** A task becomes the rescuee of a CPU. `sliceNs` -1: not known. */
export function admit(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps, task: Task, sliceNs: number): void {
  const { checks } = step;
  const own = model.caps.task(task);
  const { rescuee } = cpu;
  if (rescuee !== null && rescuee !== undefined && rescuee !== task && !model.records('slice_end'))
    checks.open('rescue-single', 'the ends of rescues are not recorded', task.sched, cpu.id);
  else if (rescuee !== null && rescuee !== undefined && rescuee !== task) {
    const check = checks.fail(
      'rescue-single',
      `${task.label} is rescued on CPU ${cpu.id} while ${rescuee.label} is`,
      task.sched,
      cpu.id,
    );
    check.task = task;
    check.began = cpu.rescueSeq;
  } else if (rescuee === null || rescuee === task) checks.pass('rescue-single', task.sched, cpu.id);
  checkBudget(model, event, step, cpu, task, own.parkedOn === cpu.id || own.parkedOn === SOME_CPU);
  own.admitted = ADMIT_RESCUE;
  own.parkedOn = NO_CPU;
  if (rescuee === task) return;
  cpu.rescuee = task;
  cpu.rescueSeq = event.seq;
  cpu.rescueSince = -1;
  cpu.rescueSliceNs = sliceNs;
  cpu.rescueServedNs = 0;
  cpu.rescueOverruns = 0;
}

/** The budget of the CPU must be at least a quantum: checked against the most that it can have accrued. */
function checkBudget(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps, task: Task, wasParked: boolean): void {
  const { checks } = step;
  const knobs = model.caps.rescueKnobs;
  if (knobs === undefined) {
    checks.open('rescue-admission', 'bandwidth and quantum of rescues are not known', task.sched, cpu.id);
    return;
  }
  const { bandwidth, quantumNs } = knobs;
  if (cpu.budgetNs >= 0 || cpu.budgetTime >= 0) {
    const slack = (2 * tickNs(model) * bandwidth) / 1024;
    const busy = wasParked || cpu.rescuee !== null || (cpu.rescue?.nr ?? 0) !== 0;
    const most = Math.min(
      busy ? 3 * quantumNs : quantumNs,
      cpu.budgetNs + ((event.t - cpu.budgetTime) * bandwidth) / 1024,
    );
    if (most + slack < quantumNs)
      checks.fail(
        'rescue-admission',
        `${task.label} is rescued on CPU ${cpu.id}, whose budget is at most ${(most / 1e6).toFixed(3)} ms of the ${(quantumNs / 1e6).toFixed(3)} ms needed`,
        task.sched,
        cpu.id,
      ).task = task;
    else checks.pass('rescue-admission', task.sched, cpu.id);
    cpu.budgetNs = most;
  } else {
    // Nothing is known of the past: no more than three quanta can have gathered.
    cpu.budgetNs = 3 * quantumNs;
    checks.open('rescue-admission', 'the budget before is not known', task.sched, cpu.id);
  }
  cpu.budgetTime = event.t;
}

/** The task that is put on the local DSQ regardless of capabilities was waiting to be rescued. */
export function linkedLocal(model: Model, event: TraceEvent, step: Step, rq: number, flagsHi: number): void {
  const { task } = step;
  const own = task?.caps;
  if (task === undefined || own === undefined) return;
  const cpu = model.caps.cpu(rq);
  const sliceNs = event.has('slice') ? toNumber(event.slice_hi, event.slice_lo) : -1;
  if (own.admitted === ADMIT_RESCUE && cpu.rescuee !== task) admit(model, event, step, cpu, task, sliceNs);
  else if (own.parkedOn === rq && (flagsHi & ENQ_HI_IGNORE_CAPS) !== 0) admit(model, event, step, cpu, task, sliceNs);
  else if (own.parkedOn === SOME_CPU) cpu.rescuee = undefined;
}

/** The rescue is over: served, given up, or ended by a dequeue. */
export function sliceEnded(model: Model, event: TraceEvent, step: Step): void {
  const { task } = step;
  if (task === undefined) return;
  const rq = event.rq >= 0 ? event.rq : task.taskCpu;
  if (rq < 0) return;
  const cpu = model.caps.cpu(rq);
  if (cpu.rescuee === task) end(model, event, cpu);
  else if (cpu.rescuee === undefined) cpu.rescuee = null;
}

function end(model: Model, event: TraceEvent, cpu: CpuCaps): void {
  chargeRun(model, event, cpu);
  cpu.rescuee = null;
  const knobs = model.caps.rescueKnobs;
  if (knobs !== undefined && cpu.budgetTime >= 0 && (cpu.rescue?.nr ?? 0) === 0)
    cpu.budgetNs = Math.min(cpu.budgetNs, knobs.quantumNs);
}

/** The rescuee starts or stops running. */
export function rescueeSwitched(model: Model, event: TraceEvent, step: Step): void {
  const cpu = model.caps.cpu(event.cpu);
  const { rescuee } = cpu;
  if (rescuee === null || rescuee === undefined) return;
  if (step.prev === rescuee) {
    chargeRun(model, event, cpu);
    cpu.rescueSince = -1;
  }
  if (step.task === rescuee) cpu.rescueSince = event.t;
}

/** What has run since the last look is served, and taken from the budget. */
function chargeRun(model: Model, event: TraceEvent, cpu: CpuCaps): void {
  if (cpu.rescueSince < 0) return;
  const served = event.t - cpu.rescueSince;
  cpu.rescueServedNs += served;
  cpu.rescueSince = event.t;
  const knobs = model.caps.rescueKnobs;
  if (knobs === undefined || cpu.budgetTime < 0) return;
  cpu.budgetNs +=
    ((event.t - cpu.budgetTime) * knobs.bandwidth) / 1024 - Math.min(served, knobs.quantumNs + tickNs(model));
  cpu.budgetNs = Math.min(cpu.budgetNs, 3 * knobs.quantumNs);
  cpu.budgetTime = event.t;
}

/** The rescuee is charged: once its slice is used up, the rescue ends there and then. */
export function rescueeCharged(model: Model, event: TraceEvent, step: Step): void {
  const cpu = model.caps.cpu(event.rq);
  const { rescuee } = cpu;
  if (rescuee === null || rescuee === undefined || step.task !== rescuee || cpu.rescueSliceNs <= 0) return;
  chargeRun(model, event, cpu);
  if (cpu.rescueServedNs <= cpu.rescueSliceNs + 2 * tickNs(model)) {
    step.checks.pass('rescue-bounded', rescuee.sched, event.rq);
    return;
  }
  cpu.rescueOverruns++;
  if (cpu.rescueOverruns < 2 || !model.records('slice_end')) return;
  const check = step.checks.fail(
    'rescue-bounded',
    `${rescuee.label} has been served ${(cpu.rescueServedNs / 1e6).toFixed(3)} ms in one rescue of ${(cpu.rescueSliceNs / 1e6).toFixed(3)} ms`,
    rescuee.sched,
    event.rq,
  );
  check.task = rescuee;
  check.began = cpu.rescueSeq;
}

/** A task is protected: only the rescuee ever is. */
export function checkProtected(model: Model, event: TraceEvent, step: Step): void {
  const { task } = step;
  if (task?.isProtected !== true || !event.has('scx_flags')) return;
  const rq = event.rq >= 0 ? event.rq : task.taskCpu;
  if (rq >= 0) escalate(step, model.caps.cpu(rq), task, rq, 'is protected');
}

function escalate(step: Step, cpu: CpuCaps, task: Task, rq: number, what: string): void {
  if (cpu.rescuee === undefined)
    step.checks.open('rescue-escalation', 'who is being rescued is not known', task.sched, rq);
  else if (cpu.rescuee === task) step.checks.pass('rescue-escalation', task.sched, rq);
  else
    step.checks.fail(
      'rescue-escalation',
      `${task.label} ${what} on CPU ${rq} and is not being rescued`,
      task.sched,
      rq,
    ).task = task;
}

/** An exit for overload is claimed, or its error site is reached. */
export function overload(model: Model, event: TraceEvent, step: Step): void {
  const { sched } = step;
  if (sched === undefined || event.exit_kind !== EXIT_KIND.ERROR_RESCUE) return;
  if (event.step === 'error') {
    blame(model, event, step, sched);
    return;
  }
  if (sched.exit?.claimSeq !== event.seq) return;
  const { checks } = step;
  if (sched.isRoot) {
    checks.fail('rescue-eject', `the root scheduler ${sched.label} is ejected for its use of rescues`, sched);
    return;
  }
  const waited = longestWait(model, event, event.has('exit_cpu') ? event.exit_cpu : event.cpu);
  if (waited === undefined) {
    checks.open('rescue-eject', 'who waits to be rescued is not known', sched);
    return;
  }
  const least = (model.caps.rescueKnobs?.overloadNs ?? MIN_OVERLOAD_NS) - 2 * tickNs(model);
  if (waited.ns < least)
    checks.fail(
      'rescue-eject',
      `${sched.label} is ejected after ${(waited.ns / 1e9).toFixed(3)} s of waiting; ${(least / 1e9).toFixed(3)} s are allowed`,
      sched,
    ).began = waited.seq;
  else checks.pass('rescue-eject', sched);
}

/** Who waits first on a CPU to be rescued, and for how long. */
function longestWait(
  model: Model,
  event: TraceEvent,
  rq: number,
): { readonly task: Task; readonly ns: number; readonly seq: number } | undefined {
  const head = model.caps.cpu(rq).rescue?.head;
  const own = head?.caps;
  if (head === undefined || own === undefined || own.parkedTime < 0) return undefined;
  return { task: head, ns: event.t - own.parkedTime, seq: own.parkedSeq };
}

function blame(model: Model, event: TraceEvent, step: Step, sched: Sched): void {
  const rq = event.exit_cpu;
  if (rq < 0) return;
  const waited = longestWait(model, event, rq);
  if (waited === undefined) return;
  const { task, ns } = waited;
  const seconds = Math.floor(ns / 1e9);
  const millis = Math.floor(ns / 1e6) % 1000;
  raise(model, step, 'rescue-overload-eject', {
    sched,
    args: [0, task.comm, task.pid, seconds, millis],
    accepts: (message) => acceptsOverload(message, task.label, ns, 2 * tickNs(model)),
    task,
    target: rq,
    text: `${task.label} has waited ${(ns / 1e9).toFixed(3)} s to be rescued on CPU ${rq}, and ${sched.label} has used most of the rescue time there`,
    decision: { seq: waited.seq, time: task.caps?.parkedTime ?? -1, callbackSeq: -1, callbackTime: -1 },
  });
}

/** The time used is the kernel's own average; who waited, and how long, can be compared. */
function acceptsOverload(message: string, label: string, waitedNs: number, slackNs: number): boolean {
  const match = /^used too much rescue CPU time \(\d+ms\) while (.*) waited (\d+)\.(\d{3})s to be rescued$/s.exec(
    message,
  );
  if (match === null || match[1] !== label) return false;
  return Math.abs(Number(match[2]) * 1e9 + Number(match[3]) * 1e6 - waitedNs) <= slackNs;
}
