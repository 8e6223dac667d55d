// Why an event happened to a task, or what it means for it, where the model knows.
import { DSQ_GLOBAL, formatDsqId, isBuiltinId } from '../../kernel/dsq-id.ts';
import { deqFlagNames, enqFlagNames } from '../../kernel/flag-names.ts';
import { ENQ_HI_LAST, ENQ_HI_PREEMPT, ENQ_HI_REENQ, TASK_REENQ_REASON_SHIFT } from '../../kernel/flags.ts';
import type { Dsq } from '../../model/dsq.ts';
import type { KernelError } from '../../model/kernel-error.ts';
import { NO, YES } from '../../model/sched.ts';
import { MISPREDICTED, type Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toNumber } from '../../trace/u64.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { positionOn } from '../task-view.ts';
import type { ViewContext } from '../view-context.ts';
import type { Note } from './document.ts';
import type { EnqueueStory } from './enqueue-story.ts';
import { explainInsert } from './insert-notes.ts';
import { explainPick } from './pick-notes.ts';
import type { Releases } from './releases.ts';

/** What is remembered from before the event. */
export interface TaskMemory {
  readonly enqueues: EnqueueStory;
  readonly releases: Releases;
  /** When the task was put on the DSQ that it was on. */
  readonly linkTime: number;
}

type Explainer = (
  context: ViewContext,
  event: TraceEvent,
  step: Step,
  task: Task,
  memory: TaskMemory,
) => string | Note | undefined;

/** Notes on an event that concerns the task, after the model took it. */
export function notesOnTask(
  context: ViewContext,
  event: TraceEvent,
  step: Step,
  task: Task,
  memory: TaskMemory,
): Note[] {
  const found = EXPLAINERS[event.kind]?.(context, event, step, task, memory);
  const notes: Note[] = found === undefined ? [] : [typeof found === 'string' ? { text: found } : found];
  for (const error of step.errors) {
    if (error.task === task) notes.push({ text: errorText(error) });
  }
  if (step.outcome === MISPREDICTED && (step.task === task || step.expectedTask === task))
    notes.push({ text: `the model expected something else here (${step.reason})` });
  return notes;
}

/** An error of the core, as the model predicts it. */
export function errorText({ certain, message, accepts }: KernelError): string {
  return `${certain ? 'the core raises' : 'the core may raise'}: ${message}${accepts === undefined ? '' : ' (durations as the trace measures them)'}`;
}

const EXPLAINERS: { readonly [kind: number]: Explainer } = {
  [KIND.enqueue]: ({ model }, event) =>
    flagText('enq_flags', enqFlagNames(event.enq_flags_hi, event.enq_flags_lo, model.semantics.enqFlags)),

  [KIND.dequeue]: ({ model }, event, _step, task, { releases }) => {
    const names = deqFlagNames(event.deq_flags_hi, event.deq_flags_lo, model.semantics.enqFlags);
    if (names.includes('SLEEP')) return 'it goes to sleep';
    if (task.holdingCpu >= 0) return `CPU ${task.holdingCpu} carries it to another run queue`;
    if (releases.isSwitchingBypass(event.cpu))
      return 'bypass mode is being switched: every task is taken off and put back';
    if (names.includes('SAVE')) return 'a property of it changes (affinity, nice, class or cgroup)';
    return flagText('deq_flags', names);
  },

  [KIND.ops_enqueue]: ({ model }, event, step, task, { enqueues }) => {
    if (event.phase !== 'begin' && step.task === task) return enqueues.explainEnd(event, task);
    const names = enqFlagNames(event.enq_flags_hi, event.enq_flags_lo, model.semantics.enqFlags);
    const reason =
      (event.enq_flags_hi & ENQ_HI_REENQ) !== 0
        ? `it is enqueued again (${REENQ_REASONS[(event.scx_flags_lo >>> TASK_REENQ_REASON_SHIFT) & 7] ?? 'reason unknown'}), `
        : (event.enq_flags_hi & ENQ_HI_LAST) !== 0
          ? 'there is nothing else to run, '
          : '';
    const flags = flagText('enq_flags', names) ?? '';
    return reason === '' && flags === '' ? undefined : `${reason}${flags}`;
  },

  [KIND.ops_dequeue]: ({ model }, event) =>
    flagText('deq_flags', deqFlagNames(event.deq_flags_hi, event.deq_flags_lo, model.semantics.enqFlags)),

  [KIND.insert]: (context, event, step, task) =>
    event.step === 'kfunc' || step.task !== task || step.errors.length > 0
      ? undefined
      : explainInsert(context, event, task),

  [KIND.find_dsq]: ({ model }, event, step, task) => {
    if (event.phase === 'end') {
      const fellBack =
        event.has('found') &&
        isBuiltinId(event.found_hi, event.found_lo, DSQ_GLOBAL) &&
        !isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_GLOBAL);
      return fellBack
        ? `DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)} cannot be used: the global DSQ is used`
        : undefined;
    }
    const { claimed } = model.cpu(event.cpu);
    if (step.task !== task || claimed?.task !== task) return undefined;
    return `the claim of the insert (@${claimed.seq}) succeeds, ${formatDuration(event.t - claimed.time)} after it`;
  },

  [KIND.can_run_remote]: ({ model }, event, _step, task) => {
    const refused = event.has('ret') ? event.ret === 0 : undefined;
    if (refused !== true) return undefined;
    return `refused: ${whyNot(task, event.rq, model.cpu(event.rq).isRqOnline === NO)}`;
  },

  [KIND.dsq_link]: ({ model }, event, step, task) => {
    const { dsq } = step;
    if (step.task !== task || dsq === undefined) return undefined;
    const head = (event.enq_flags_lo & model.semantics.enqFlags.head) !== 0;
    const preempt = (event.enq_flags_hi & ENQ_HI_PREEMPT) !== 0;
    const how = task.onPriq
      ? `by vtime ${task.vtime.toBigInt()}`
      : preempt
        ? 'at the head (SCX_ENQ_PREEMPT)'
        : head
          ? 'at the head (SCX_ENQ_HEAD)'
          : 'at the tail';
    return `${positionText(dsq, task)}, ${how}`;
  },

  [KIND.dsq_unlink]: ({ model }, event, step, task, { linkTime }) => {
    if (step.task !== task) return undefined;
    const cpu = model.cpu(event.cpu);
    const stay = linkTime < 0 ? '' : `after ${formatDuration(event.t - linkTime)} on it`;
    if (!cpu.consume.active || cpu.consume.taken !== task) return stay === '' ? undefined : stay;
    return `CPU ${event.cpu} takes it${stay === '' ? '' : ` ${stay}`}: the first that it may run`;
  },

  [KIND.run]: (_context, event, step, task) =>
    step.task === task && step.waitedSince >= 0
      ? `after waiting ${formatDuration(event.t - step.waitedSince)}`
      : undefined,

  [KIND.stop]: (_context, event, step, task) => {
    if (step.task !== task || !task.flagsKnown) return undefined;
    if (!task.isQueued) return 'it is no longer runnable';
    if (!event.has('slice')) return undefined;
    const left = toNumber(event.slice_hi, event.slice_lo);
    return left === 0
      ? 'its slice is used up: it is enqueued again'
      : `${sliceText(task)} of its slice is left: unless its scheduler bypasses it goes back to the head of the local DSQ`;
  },

  [KIND.switch]: (_context, event, _step, task) => {
    if (event.prev !== task.pid) return undefined;
    const ran =
      task.runTime >= 0 && task.runTime < event.t ? `it ran for ${formatDuration(event.t - task.runTime)}` : '';
    const how = !event.has('prev_state')
      ? ''
      : event.prev_state === 0 || event.preempt
        ? 'it is still runnable'
        : 'it sleeps';
    return [ran, how].filter((part) => part !== '').join('; ') || undefined;
  },

  [KIND.pick]: (context, event, step, task) => explainPick(context.model, event, step, task),

  [KIND.affinity]: (_context, event, _step, task) =>
    event.phase !== 'begin' && task.migrationPending === YES
      ? `CPU ${task.taskCpu}, which it is assigned to, is no longer in its mask: the core will move it`
      : undefined,

  [KIND.scx_event]: (_context, event) => COUNTERS[event.name],

  [KIND.bypass]: (_context, event) => {
    if (event.step === 'dsp_disable') return undefined;
    return event.bypass
      ? 'while its scheduler bypasses, the core queues and runs its tasks by itself, with short slices'
      : 'its scheduler is asked again';
  },

  [KIND.lost]: () => 'records are missing: what was known before is forgotten',
};

const REENQ_REASONS = [
  '',
  'asked for by the scheduler',
  'IMMED could not be kept',
  'preempted',
  'capability revoked',
] as const;

/** What the kernel counts while it works on the task. */
const COUNTERS: Readonly<Record<string, string>> = {
  SCX_EV_SELECT_CPU_FALLBACK: 'the CPU that was chosen could not be used, the core took another',
  SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE: 'the target CPU is not online: the global DSQ is used',
  SCX_EV_DISPATCH_KEEP_LAST: 'it is kept running for lack of other work',
  SCX_EV_ENQ_SKIP_EXITING: 'it is exiting: ops.enqueue() is not asked',
  SCX_EV_ENQ_SKIP_MIGRATION_DISABLED: 'it is migration-disabled: ops.enqueue() is not asked',
  SCX_EV_REFILL_SLICE_DFL: 'its slice is set to the default',
  SCX_EV_BYPASS_DISPATCH: 'its scheduler bypasses: the core queues it by itself',
  SCX_EV_INSERT_NOT_OWNED: 'the scheduler does not own the task: the insert is dropped',
};

/** task_can_run_on_remote_rq(): the first test that fails. */
function whyNot(task: Task, cpu: number, offline: boolean): string {
  if (task.migrationDisabled > 0) return 'it is migration-disabled';
  if (task.allows(cpu) === 0) return `CPU ${cpu} is not in its mask (${task.cpus.toString()})`;
  if (offline) return `CPU ${cpu} is not online`;
  return 'why is not known';
}

/** Why a consumption took a later task. */
export function passedOverText(context: ViewContext, event: TraceEvent, task: Task): string {
  const cpu = context.model.cpu(event.cpu);
  return `CPU ${event.cpu} passes over it, ${whyNot(task, event.cpu, cpu.isRqOnline === NO)}, and takes ${context.name(event.pid)} instead`;
}

function positionText(dsq: Dsq, task: Task): string {
  const position = positionOn(dsq, task);
  return position === null
    ? `position unknown (${dsq.nr < 0 ? '?' : dsq.nr} tasks)`
    : `position ${position} of ${dsq.nr}`;
}

function sliceText(task: Task): string {
  return task.slice.hi === -1 && task.slice.lo === -1 ? 'all' : formatDuration(toNumber(task.slice.hi, task.slice.lo));
}

function flagText(name: string, flags: readonly string[]): string | undefined {
  return flags.length === 0 ? undefined : `${name} ${flags.join(' ')}`;
}
