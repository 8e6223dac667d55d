// The tree of scheduler instances: attaching, linking, enabling, unlinking, and who sits where.
import { SUB_MAX_DEPTH } from '../../kernel/caps.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatDecimal, lessThan } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { unlinked } from './lifecycle.ts';
import { settleEnabled } from './notify.ts';
import { learnKnobs, noRescues } from './rescue.ts';

const EBUSY = -16;
const ENOENT = -2;

/** sched_attach, after the core took it. */
export function attach(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  switch (event.step) {
    case 'root_enable':
      caps.enableSeq = event.seq;
      break;
    case 'sub_enable':
      caps.enablesSub = event.phase !== 'end';
      if (event.phase !== 'end') caps.enabling = undefined;
      else endEnable(model, event, step);
      caps.enableSeq = event.phase === 'end' ? -1 : event.seq;
      break;
    case 'alloc':
      if (step.sched !== undefined) allocate(model, event, step.sched);
      else strangerAttached(model);
      break;
    default:
      if (step.sched !== undefined) link(model, event, step, step.sched);
      else strangerAttached(model);
  }
}

/** An instance is attached, and the event does not say which: it may be any that an event names later. */
function strangerAttached(model: Model): void {
  const { caps } = model;
  caps.strangerCame = true;
  caps.treeKnown = false;
  caps.enabling = undefined;
  if (model.root !== undefined || caps.enablesSub) caps.active = true;
}

/** What the event says is said of sub-schedulers only. */
export function noteSub(model: Model, sched: Sched): void {
  model.caps.active = true;
  if (sched.level === 0 && !sched.levelKnown) sched.level = 1;
}

/** Places an instance that was loaded before the trace begins; `parent` and `ops` as the header has them, where it has. */
export function placeLoaded(
  model: Model,
  sched: Sched,
  parent: Sched | undefined,
  ops: readonly string[] | ReadonlySet<string> | undefined,
): void {
  const { caps } = model;
  if (sched.level > 0) {
    const above = parent ?? findParent(model, sched, undefined);
    if (above !== undefined) adoptChild(above, sched);
    caps.active = true;
  }
  if (ops !== undefined) caps.of(sched).ops = new Set(ops);
}

function allocate(model: Model, event: TraceEvent, sched: Sched): void {
  const { caps } = model;
  const own = caps.born(sched);
  own.formKnown = event.has('cid_form');
  own.ops = opsOf(event) ?? own.ops;
  caps.enabling = sched;
  if (sched.isRoot) {
    caps.treeKnown = true;
    return;
  }
  // Somebody is linked at a cgroup that is not known.
  if (sched.cgroup.isZero) caps.treeKnown = false;
  caps.active = true;
}

function opsOf(event: TraceEvent): ReadonlySet<string> | undefined {
  return event.has('ops') ? new Set(event.ops.split(' ').filter((name) => name !== '')) : undefined;
}

/** scx_link_sched(): the probe is at its entry, so links that fail are seen as well. */
function link(model: Model, event: TraceEvent, step: Step, sched: Sched): void {
  const { caps } = model;
  const first = caps.enabling !== sched && !caps.of(sched).born && sched.exit === undefined;
  if (first) allocate(model, event, sched);
  const ops = opsOf(event);
  if (ops !== undefined) caps.of(sched).ops = ops;
  if (!sched.isRoot && sched.cgroup.isZero) caps.treeKnown = false;
  learnKnobs(model, event, sched);
  if (sched.isRoot) {
    if (model.rqDsqsKnown) noRescues(model);
    caps.deriveLayout(model.cpus);
    return;
  }
  const parent = findParent(model, sched, event);
  if (parent !== undefined) {
    if (refusesChild(model, step, parent, sched)) {
      sched.linked = false;
      return;
    }
    if (!sched.levelKnown) {
      sched.level = parent.level + 1;
      sched.levelKnown = parent.levelKnown;
    }
    checkShape(model, step, parent, sched);
    adoptChild(parent, sched);
  } else {
    step.checks.open('tree-shape', 'the parent of an instance is not known', sched);
  }
  if (sched.level >= SUB_MAX_DEPTH && sched.levelKnown) {
    raise(model, step, 'sub-max-depth', {
      sched,
      args: [SUB_MAX_DEPTH],
      text: `scheduler ${sched.label} is attached at level ${sched.level}; the deepest is ${SUB_MAX_DEPTH - 1}`,
    });
  }
}

function adoptChild(parent: Sched, sched: Sched): void {
  sched.parent = parent;
  if (!parent.children.includes(sched)) parent.children.push(sched);
}

/** Scheduler that owns the cgroup above: one level up, at an ancestor of its path. */
function findParent(model: Model, sched: Sched, event: TraceEvent | undefined): Sched | undefined {
  if (event?.has('parent_sched')) {
    const named = model.findSched(event.parent_sched_hi, event.parent_sched_lo);
    if (named !== undefined && named !== sched && named.linked) return named;
  }
  if (sched.level === 1 && sched.levelKnown) return model.root;
  const path = pathOf(model, sched);
  if (path === '') return undefined;
  if (!sched.levelKnown) return undefined;
  return model.scheds.find(
    (other) => other.linked && other.level === sched.level - 1 && isBelow(path, pathOf(model, other)),
  );
}

function pathOf(model: Model, sched: Sched): string {
  return sched.path === '' ? (model.header.cgroups.get(sched.cgroup.toBigInt()) ?? '') : sched.path;
}

/** `path` lies strictly below `above`. */
function isBelow(path: string, above: string): boolean {
  return above === '/' ? path !== '/' && path !== '' : above !== '' && path.startsWith(`${above}/`);
}

/** scx_link_sched(): a bypassing or exiting parent gets no child. */
function refusesChild(model: Model, step: Step, parent: Sched, sched: Sched): boolean {
  if (parent.bypassDepth > 0) {
    raise(model, step, 'sub-parent-bypassing', {
      sched,
      args: [EBUSY],
      text: `scheduler ${sched.label} is attached below ${parent.label}, which is bypassing`,
    });
    return true;
  }
  if (parent.bypassDepth === 0 && parent.aborting) {
    raise(model, step, 'sub-parent-disabled', {
      sched,
      args: [ENOENT],
      text: `scheduler ${sched.label} is attached below ${parent.label}, which is exiting`,
    });
    return true;
  }
  return false;
}

function checkShape(model: Model, step: Step, parent: Sched, sched: Sched): void {
  const { checks } = step;
  const path = pathOf(model, sched);
  const above = pathOf(model, parent);
  const newest = model.scheds.find(
    (other) =>
      other !== sched &&
      other.linked &&
      isSmallId(other) &&
      isSmallId(sched) &&
      lessThan(sched.id.hi, sched.id.lo, other.id.hi, other.id.lo),
  );
  const sameCgroup = model.scheds.find(
    (other) =>
      other !== sched && other.linked && other.level > 0 && other.cgroup.equals(sched.cgroup.hi, sched.cgroup.lo),
  );
  const siblings = parent.children.filter((other) => other !== sched && other.linked && path !== '');
  const sibling = siblings.find((other) => isBelow(pathOf(model, other), path));
  const nearer = siblings.find((other) => isBelow(path, pathOf(model, other)));
  if (sched.level !== parent.level + 1)
    checks.fail(
      'tree-shape',
      `scheduler ${sched.label} has level ${sched.level} below one of level ${parent.level}`,
      sched,
    );
  else if (newest !== undefined)
    checks.fail('tree-shape', `scheduler ${sched.label} has a lower id than ${newest.label}, which came before`, sched);
  else if (sameCgroup !== undefined && !sched.cgroup.isZero)
    checks.fail('tree-shape', `cgroup ${decimal(sched)} has two schedulers`, sched);
  else if (path !== '' && above !== '' && !isBelow(path, above))
    checks.fail('tree-shape', `scheduler ${sched.label} does not lie below the cgroup of its parent, ${above}`, sched);
  else if (sibling !== undefined)
    checks.fail(
      'tree-shape',
      `scheduler ${sched.label} was attached above ${sibling.label}, a child of the same parent`,
      sched,
    );
  else if (nearer !== undefined)
    checks.fail(
      'tree-shape',
      `scheduler ${sched.label} was attached below ${nearer.label}, and is a child of the same parent`,
      sched,
    );
  else checks.pass('tree-shape', sched);
}

/** Instance ids count from 1; addresses do not order anything. */
function isSmallId(sched: Sched): boolean {
  return sched.id.hi === 0;
}

function decimal(sched: Sched): string {
  return formatDecimal(sched.cgroup.hi, sched.cgroup.lo);
}

/** scx_sub_enable_workfn() returns: the instance is live, unless it has failed on the way. */
function endEnable(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const sched = caps.enabling;
  caps.enabling = undefined;
  if (sched === undefined) return;
  step.sched = sched;
  const own = caps.of(sched);
  if (sched.exit !== undefined || !sched.linked) return;
  own.live = YES;
  own.enabledSeq = event.seq;
  if (sched.level >= SUB_MAX_DEPTH)
    step.checks.fail('tree-shape', `scheduler ${sched.label} was enabled at level ${sched.level}`, sched);
  settleEnabled(model, step, sched);
}

/** The instance leaves the tree (scx_unlink_sched), after the core took the event. */
export function unlink(model: Model, event: TraceEvent, step: Step, sched: Sched): void {
  const own = model.caps.of(sched);
  own.unlinkSeq = event.seq;
  unlinked(model, step, sched);
  // What is queued for it is folded, or dropped when its memory is freed: some time from now on.
  for (const cpu of model.caps.cpus()) cpu.disown(sched);
  const child = sched.children.find((other) => other.linked);
  if (child !== undefined && (model.caps.strangerLeft || model.knownSince > Math.max(0, child.linkSeq)))
    step.checks.open('attach-order', 'its child may have left unseen', sched);
  else if (child !== undefined)
    step.checks.fail('attach-order', `scheduler ${sched.label} was unlinked before its child ${child.label}`, sched);
  else if (sched.parent !== undefined) step.checks.pass('attach-order', sched);
  const siblings = sched.parent?.children;
  const at = siblings?.indexOf(sched) ?? -1;
  if (at >= 0) siblings?.splice(at, 1);
  if (sched.isRoot) {
    model.caps.layout = undefined;
    model.caps.layoutShown = false;
    model.caps.overridden = NO;
  }
}

/** The linked sub-scheduler of a cgroup, null when there certainly is none, undefined when that is not known. */
export function linkedAt(model: Model, hi: number, lo: number): Sched | null | undefined {
  const found = model.scheds.find((sched) => sched.level > 0 && sched.linked && sched.cgroup.equals(hi, lo));
  if (found !== undefined) return found;
  return model.caps.treeKnown ? null : undefined;
}

/** `sched` is `above` or lies below it. */
export function isIn(sched: Sched, above: Sched): boolean {
  for (let at: Sched | undefined = sched; at !== undefined; at = at.parent) if (at === above) return true;
  return false;
}

/** Is it known where in the tree the instance sits: all instances above it have been seen, or named by the header? */
export function isPlaced(sched: Sched): boolean {
  let at = sched;
  while (at.parent !== undefined) at = at.parent;
  return at.isRoot && at.linked;
}
