// How instances come and go: claims of exits through the tree, kills, the order of the callbacks around them, silence after the end.
import { EXIT_KIND, exitReason } from '../../kernel/exit.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatDecimal } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { linkedAt } from './tree.ts';

const EINVAL = -22;
const NOT_DIRECT_CHILD = '%s: sub-%llu is not a direct child';

/** sched_exit, after the core took it. */
export function exitEvent(model: Model, event: TraceEvent, step: Step): void {
  const { sched } = step;
  if (event.step === 'error') {
    const cpu = model.caps.cpu(event.cpu);
    cpu.errorSeq = event.seq;
    cpu.errorFmt = event.fmt;
    cpu.errorSched = sched;
    return;
  }
  if (sched === undefined) {
    model.caps.strangerExited = true;
    return;
  }
  // The claim spreads before it returns.
  if (event.step === 'claim' && event.exit_kind !== EXIT_KIND.PARENT) model.caps.of(sched).ownExitSeq = event.seq;
  if (sched.exit?.claimSeq === event.seq) claimed(model, step, sched, sched.exit.kind);
}

/** The exit of an instance is claimed: everything below follows with PARENT, and nobody exits with PARENT for another reason. */
function claimed(model: Model, step: Step, sched: Sched, kind: number): void {
  const { checks } = step;
  if (kind === EXIT_KIND.PARENT) {
    if (sched.isRoot) {
      checks.fail('exit-propagation', `the root scheduler ${sched.label} exits because its parent does`, sched);
      return;
    }
    let known = !model.caps.strangerExited;
    for (let above = sched.parent; ; above = above.parent) {
      if (above === undefined) {
        known = false;
        break;
      }
      const exits = above.exit !== undefined && above.exit.kind !== EXIT_KIND.PARENT;
      if (exits || model.caps.of(above).ownExitSeq >= 0) {
        checks.pass('exit-propagation', sched);
        return;
      }
      if (above.isRoot) break;
    }
    if (known)
      checks.fail(
        'exit-propagation',
        `${sched.label} exits because its parent does, and no scheduler above it exits`,
        sched,
      );
    else checks.open('exit-propagation', 'the schedulers above are not known', sched);
    return;
  }
  if (kind === EXIT_KIND.PARENT_KILL && sched.isRoot)
    checks.fail('kill-effects', `the root scheduler ${sched.label} was killed by a parent`, sched);
}

/** scx_bpf_sub_kill() is called, or has returned. */
export function kill(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  const target = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  const failedHere = event.ret === EINVAL && cpu.errorFmt === NOT_DIRECT_CHILD;
  const caller = model.schedOf(event) ?? (failedHere ? cpu.errorSched : caps.callerOn(event.cpu));
  step.sched = target ?? undefined;
  if (event.phase !== 'end') {
    cpu.killSeq = event.seq;
    if (target !== null && target !== undefined && caller !== undefined && isForeign(target, caller)) {
      const cgroup = formatDecimal(event.cgroup_hi, event.cgroup_lo);
      raise(model, step, 'sub-kill-not-direct-child', {
        sched: caller,
        args: [caller.path === '' ? '/' : caller.path, cgroup],
        text: `${caller.label} tries to kill sub-${cgroup}, which is no child of it`,
        ...(failedHere ? { sinceSeq: cpu.errorSeq } : {}),
      });
      if (event.ret === 0)
        step.checks.fail(
          'cap-relation-args',
          `a kill of ${target.label} by ${caller.label} took effect, it is no child`,
          target,
        );
    }
  }
  if (event.phase === 'begin' || !event.has('ret') || event.ret !== 0) return;
  if (target === null) {
    step.checks.fail(
      'cap-relation-args',
      `a kill of cgroup ${formatDecimal(event.cgroup_hi, event.cgroup_lo)} took effect, no scheduler is linked there`,
    );
    return;
  }
  if (target !== undefined) killed(model, event, step, target, caller);
}

function isForeign(target: Sched, caller: Sched): boolean {
  return target.parent !== undefined && target.parent !== caller;
}

/** The call succeeded: the child has an exit, this one if none was claimed before. */
function killed(model: Model, event: TraceEvent, step: Step, target: Sched, caller: Sched | undefined): void {
  const { checks } = step;
  model.caps.of(target).killSeq = event.seq;
  if (caller !== undefined && !isForeign(target, caller)) checks.pass('cap-relation-args', target);
  if (!model.records('sched_exit')) return;
  const { exit } = target;
  if (exit === undefined && (target.claiming || model.caps.strangerExited))
    checks.open('kill-effects', 'the recording does not say what became of the claim', target);
  else if (exit === undefined)
    checks.fail('kill-effects', `${target.label} was killed by its parent, and no exit was claimed`, target);
  else if (
    exit.kind === EXIT_KIND.PARENT &&
    target.parent !== undefined &&
    target.parent.exit === undefined &&
    !target.parent.aborting
  )
    checks.fail(
      'kill-effects',
      `${target.label} was killed by its parent and exits for another reason: ${exitReason(exit.kind)}`,
      target,
    ).began = exit.claimSeq;
  else checks.pass('kill-effects', target);
}

/** The instance leaves the tree: everything below it must have left before, with a claim of its own. */
export function unlinked(model: Model, step: Step, sched: Sched): void {
  model.caps.anyUnlinked = true;
  if (model.caps.strangerExited) return;
  for (const below of sched.children) {
    if (below.linked && below.exit === undefined && sched.exit !== undefined)
      step.checks.fail('exit-propagation', `${sched.label} is gone, and ${below.label} below it has not exited`, below);
  }
}

/** A task operation of the scheduler: none after it has left the tree. */
export function checkSilence(model: Model, event: TraceEvent, step: Step, sched: Sched, what: string): void {
  if (!model.caps.anyUnlinked) return;
  const own = model.caps.of(sched);
  if (own.unlinkSeq >= 0 && sched.level > 0) {
    const check = step.checks.fail(
      'dead-silence',
      `${what} of ${sched.label} after it left the tree`,
      sched,
      event.rq >= 0 ? event.rq : event.cpu,
    );
    check.began = own.unlinkSeq;
  } else step.checks.pass('dead-silence', sched);
}

/** A grant or revoke that took effect although nobody is linked at the cgroup: it was there before. */
export function checkDeadTarget(model: Model, step: Step, hi: number, lo: number, what: string): void {
  const gone = model.scheds.findLast((sched) => sched.level > 0 && !sched.linked && sched.cgroup.equals(hi, lo));
  if (gone === undefined) return;
  const own = model.caps.of(gone);
  if (own.unlinkSeq < 0) return;
  step.checks.fail('dead-silence', `${what} to ${gone.label} took effect after it left the tree`, gone).began =
    own.unlinkSeq;
}

/** The owner that an event names before the core takes it: ownership changes only at events that say so. */
export function beforeOwnerShown(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase === 'end') return;
  const task = model.findTask(event.pid);
  const shown = model.schedOf(event);
  if (task?.sched === undefined || shown === undefined) return;
  if (!model.records('rehome') || !model.records('task_enable')) return;
  if (task.sched === shown) step.checks.pass('task-owner', shown);
  else
    step.checks.fail(
      'task-owner',
      `${task.label} belongs to ${task.sched.label} and is enqueued by ${shown.label}`,
      shown,
      event.rq,
    ).task = task;
}

/** An owner changes. */
export function ownerChanged(model: Model, event: TraceEvent, step: Step): void {
  const { task, sched } = step;
  if (task === undefined || event.phase === 'end') return;
  const own = model.caps.task(task);
  own.ownerSeq = event.seq;
  if (sched === undefined) return;
  if (sched.level > 3)
    step.checks.fail('tree-shape', `${task.label} comes under ${sched.label}, at level ${sched.level}`, sched).task =
      task;
  const caps = model.caps.of(sched);
  // The parent must have accepted the instance before tasks move to it.
  if (sched.level > 0 && caps.attached === NO && caps.attachSeq < 0 && model.caps.opsShown)
    step.checks.fail('attach-order', `${task.label} moves to ${sched.label} before its parent accepted it`, sched);
}

/** Tasks and cgroups are initialised for a scheduler; while a child is being enabled or disabled a failure ends somebody. */
export function taskInit(model: Model, event: TraceEvent, step: Step): void {
  const { sched, task } = step;
  if (sched === undefined || task === undefined || !event.has('ret') || event.ret === 0) return;
  const { caps } = model;
  if (sched === caps.enabling && sched.level > 0) {
    raise(model, step, 'sub-enable-failed', {
      sched,
      args: [event.ret],
      task,
      text: `ops.init_task() of ${task.label} returned ${event.ret} while ${sched.label} was attached`,
    });
  } else if (caps.disabling !== undefined && caps.disabling.parent === sched) {
    raise(model, step, 'sub-return-task-init-failed', {
      sched,
      args: [event.ret, task.comm, task.pid],
      task,
      text: `ops.init_task() of ${task.label} returned ${event.ret} while it came back from ${caps.disabling.label}`,
    });
  }
}

/** The work that disables a sub-scheduler begins or ends. */
export function disable(model: Model, event: TraceEvent, step: Step): void {
  if (event.step !== 'sub_disable') return;
  model.caps.disabling = event.phase === 'end' ? undefined : step.sched;
}

/** The cgroup of a scheduler goes offline: that ends it. */
export function cgroupEvent(model: Model, event: TraceEvent, step: Step): void {
  if (event.step !== 'offline') return;
  const target = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  if (target === null || target === undefined) return;
  step.sched = target;
  const cgroup = formatDecimal(event.cgroup_hi, event.cgroup_lo);
  // The instance takes over the cgroup after it has begun to bypass; until then only its own check finds the cgroup gone.
  const enabling = target === model.caps.enabling && model.caps.of(target).live !== YES;
  if (enabling && target.bypassDepth === 0)
    raise(model, step, 'sub-cgroup-not-online', {
      sched: target,
      args: [],
      text: `cgroup ${cgroup} goes offline while ${target.label} is being attached to it`,
    });
  else
    raise(model, step, 'sub-cgroup-offline', {
      sched: target,
      args: [cgroup],
      certain: !enabling,
      text: `cgroup ${cgroup}, to which ${target.label} is attached, goes offline`,
    });
}
