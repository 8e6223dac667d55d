// Callbacks of the BPF programs, where these are recorded: who is called with which task, in which order, nested in what.
import type { TraceEvent } from '../../trace/event.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { checkSilence as checkBypassSilence } from './bypass.ts';
import { dispatchCalled } from './dispatch.ts';
import { idleTold } from './idle.ts';
import { checkSilence } from './lifecycle.ts';
import type { SchedCaps } from './sched-caps.ts';
import { linkedAt } from './tree.ts';

/** Callbacks that sleep: other things may happen on the CPU in between. */
const SLEEPABLE: ReadonlySet<string> = new Set([
  'init',
  'exit',
  'init_cids',
  'init_task',
  'exit_task',
  'sub_attach',
  'sub_detach',
  'cgroup_init',
  'cgroup_exit',
  'cgroup_prep_move',
]);

const MAX_ERRNO = 4095;

/** Callbacks for tasks that may belong to somebody else. */
const FOREIGN_TASKS: ReadonlySet<string> = new Set(['init_task', 'exit_task', 'core_sched_before', 'dump_task']);

export function opsCall(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const sched = model.schedOf(event);
  step.sched = sched;
  if (sched === undefined) return;
  caps.opsShown = true;
  const { op } = event;
  const own = caps.of(sched);
  const executing = caps.cpu(event.cpu);
  if (event.phase === 'end') {
    if (!SLEEPABLE.has(op)) executing.pop('ops', op);
    ended(model, event, step, sched, own);
    return;
  }
  own.opsSeen.add(op);
  const rq = event.rq >= 0 ? event.rq : event.has('cid') ? caps.cpuOf(event.cid) : event.cpu;
  if (rq >= 0) checkBypassSilence(step, sched, op, rq);
  if (event.pid > 0) checkTask(model, event, step, sched, op);
  if (op === 'dispatch') dispatchCalled(model, event, step, sched, rq);
  else if (op === 'update_idle') idleTold(model, event, step, sched, rq);
  else lifeCycle(model, event, step, sched, own);
  if (event.phase === 'begin' && !SLEEPABLE.has(op)) executing.push('ops', sched, event.seq, op);
  if (event.phase === '') ended(model, event, step, sched, own);
}

function checkTask(model: Model, event: TraceEvent, step: Step, sched: Sched, op: string): void {
  const task = model.task(event.pid);
  step.task = task;
  if (FOREIGN_TASKS.has(op)) return;
  checkSilence(model, event, step, sched, `ops.${op}()`);
  if (task.sched === undefined) return;
  if (task.sched === sched) step.checks.pass('task-owner', sched);
  else
    step.checks.fail(
      'task-owner',
      `ops.${op}() of ${sched.label} is called for ${task.label}, which belongs to ${task.sched.label}`,
      sched,
    ).task = task;
}

/** The order of the callbacks around the life of an instance. */
function lifeCycle(model: Model, event: TraceEvent, step: Step, sched: Sched, own: SchedCaps): void {
  const { checks } = step;
  const { caps } = model;
  const fail = (text: string, whom: Sched): void => void checks.fail('attach-order', text, whom);
  switch (event.op) {
    case 'init':
      own.initSeq = event.seq;
      if (sched.level > 0 && own.born && !sched.linked)
        fail(`${sched.label} is initialised before it is linked`, sched);
      else if (own.attachSeq >= 0) fail(`${sched.label} is initialised after its parent accepted it`, sched);
      else checks.pass('attach-order', sched);
      break;
    case 'sub_attach': {
      const child = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
      if (child === null) fail(`${sched.label} is asked to accept a scheduler that is not linked`, sched);
      // Whoever is being enabled may be meant.
      if (child === undefined && caps.enabling !== undefined && caps.of(caps.enabling).attached === NO)
        caps.of(caps.enabling).attached = UNKNOWN;
      if (child === null || child === undefined) break;
      const theirs = caps.of(child);
      theirs.attachSeq = event.seq;
      if (child.parent !== undefined && child.parent !== sched)
        fail(`${sched.label} is asked to accept ${child.label}, which is no child of it`, child);
      else if (child.bypassDepth > 0 && theirs.born)
        fail(`${child.label} is offered to its parent when it already bypasses`, child);
      else if (theirs.hasOp('init') === YES && theirs.initSeq < 0 && theirs.born)
        fail(`${child.label} is offered to its parent before it is initialised`, child);
      else checks.pass('attach-order', child);
      break;
    }
    case 'sub_detach': {
      const child = model.scheds.findLast(
        (other) => other.level > 0 && other.cgroup.equals(event.cgroup_hi, event.cgroup_lo),
      );
      if (child === undefined) break;
      const theirs = caps.of(child);
      if (theirs.detachSeq >= 0) fail(`${sched.label} is told twice that ${child.label} is gone`, child);
      else if (theirs.attached === NO && theirs.born)
        fail(`${sched.label} is told that ${child.label} is gone, which it never accepted`, child);
      else if (child.linked && caps.strangerLeft)
        checks.open('attach-order', 'who has left the tree is not known', child);
      else if (child.linked) fail(`${sched.label} is told that ${child.label} is gone while it is linked`, child);
      else if (theirs.exitSeq >= 0) fail(`${sched.label} is told that ${child.label} is gone after its exit`, child);
      else checks.pass('attach-order', child);
      theirs.detachSeq = event.seq;
      break;
    }
    case 'exit': {
      const parent = sched.parent;
      if (sched.level > 0 && sched.linked && caps.strangerLeft)
        checks.open('attach-order', 'who has left the tree is not known', sched);
      else if (sched.level > 0 && sched.linked) fail(`${sched.label} is told to exit while it is linked`, sched);
      else if (
        parent !== undefined &&
        own.attached === YES &&
        own.detachSeq < 0 &&
        caps.of(parent).hasOp('sub_detach') === YES
      )
        fail(`${sched.label} is told to exit before its parent is told that it is gone`, sched);
      else checks.pass('attach-order', sched);
      own.exitSeq = event.seq;
      break;
    }
    default:
  }
}

/** The callback has returned. */
function ended(model: Model, event: TraceEvent, step: Step, sched: Sched, own: SchedCaps): void {
  const { caps } = model;
  const failed = event.has('ret') && event.ret !== 0;
  // What is no error number ends the scheduler with a message of its own.
  const isErrno = event.ret < 0 && event.ret >= -MAX_ERRNO;
  switch (event.op) {
    case 'exit':
      own.dead = true;
      break;
    case 'init':
      if (failed && isErrno && sched.level > 0)
        raise(model, step, 'sub-init-failed', {
          sched,
          args: [event.ret],
          text: `ops.init() of ${sched.label} returned ${event.ret}`,
        });
      break;
    case 'sub_attach': {
      const child = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
      if (child === null || child === undefined) break;
      caps.of(child).attached = failed ? NO : YES;
      if (failed && isErrno)
        raise(model, step, 'sub-attach-rejected', {
          sched: child,
          args: [event.ret],
          text: `ops.sub_attach() of ${sched.label} returned ${event.ret} for ${child.label}`,
        });
      break;
    }
    case 'cgroup_init':
      if (failed) cgroupInitFailed(model, event, step, sched);
      break;
    default:
  }
}

/** ops.cgroup_init() failed: for a new scheduler while it takes over its cgroups, for a parent when it gets some back. */
function cgroupInitFailed(model: Model, event: TraceEvent, step: Step, sched: Sched): void {
  const { caps } = model;
  const text = `ops.cgroup_init() of ${sched.label} returned ${event.ret}`;
  if (sched === caps.enabling && sched.level > 0)
    raise(model, step, 'sub-claim-cgroup-init-failed', {
      sched,
      args: [event.ret],
      text: `${text} while it took over its cgroups`,
    });
  else if (caps.disabling?.parent === sched)
    raise(model, step, 'sub-return-cgroup-init-failed', {
      sched,
      args: [event.ret],
      text: `${text} while a child was disabled`,
    });
}
