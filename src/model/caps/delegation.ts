// Grants and revokes: the preamble, what a call does to the literal sets shard by shard, and what its result says.
import { CAP_ALL, formatCaps } from '../../kernel/caps.ts';
import { isValidCmask } from '../../kernel/cmask.ts';
import { errorSite, formatAt } from '../../kernel/error-sites.ts';
import { formatMatches } from '../../kernel/format.ts';
import type { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatDecimal, formatHex } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { mayLieBelow, NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CALL_GRANT, CALL_REVOKE, DelegationCall } from './call.ts';
import { absentOf, blurred, hasAll, possibleOf, presentOf, withBits, withoutBits } from './cell.ts';
import { isCid } from './layout.ts';
import { checkDeadTarget } from './lifecycle.ts';
import { recordNotice, settleCallNotices } from './notify.ts';
import { WRITER_GRANT, WRITER_REVOKE } from './sched-caps.ts';
import { pushSync } from './sync.ts';
import { isIn, isPlaced, linkedAt } from './tree.ts';

const EPERM = -1;
const EINVAL = -22;

export function grant(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase !== 'end') begin(model, event, step, CALL_GRANT);
  if (event.phase !== 'begin') end(model, event, step);
}

export function revoke(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase !== 'end') begin(model, event, step, CALL_REVOKE);
  if (event.phase !== 'begin') end(model, event, step);
}

function begin(model: Model, event: TraceEvent, step: Step, kind: number): void {
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  // A call inside another one comes from a notification: the changes of the outer one are all in effect.
  const outer = cpu.innermost('call')?.call;
  if (outer !== undefined) settleShards(model, event, step, outer);
  const call = new DelegationCall(kind, event.cpu, event.seq, event.t);
  call.caller = model.schedOf(event) ?? caps.callerOn(event.cpu);
  call.cgroup.set(event.cgroup_hi, event.cgroup_lo);
  const target = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  call.target = target ?? undefined;
  call.targetLinked = target === undefined ? UNKNOWN : target === null ? NO : YES;
  call.capsFull.set(event.caps_hi, event.caps_lo);
  call.caps = event.caps_lo & CAP_ALL;
  if (event.has('cids')) call.cids.copy(event.cids);
  else call.cidsKnownTo = 0;
  if (event.has('cpus_bits')) call.cidsKnownTo = event.cpus_bits;
  if (event.has('denied')) call.deniedGiven = event.denied ? YES : NO;
  if (event.has('denied_cids') && event.phase === 'begin') call.deniedBefore = event.denied_cids.clone();
  step.sched = call.target;
  if (target === undefined) blurAll(model, event, call.caps);
  call.error = preamble(model, event, call);
  if (call.error !== '' && call.caller !== undefined) raisePreamble(model, step, call);
  for (const other of caps.calls) {
    if (other.cpu === call.cpu) continue;
    other.overlaps.push(call);
    call.overlaps.push(other);
  }
  caps.calls.push(call);
  cpu.push('call', undefined, event.seq, '', call);
}

/** The first check that fails, as an error site; 'silent' for failures that the kernel only returns; '' when all hold. */
function preamble(model: Model, event: TraceEvent, call: DelegationCall): string {
  const { caller, target } = call;
  if (caller !== undefined && model.caps.of(caller).dead) return 'silent';
  if (caller !== undefined && model.caps.of(caller).formKnown && !caller.cidForm) return 'sub-cap-not-cid-form';
  if (call.targetLinked === NO) return 'silent';
  if (target !== undefined && caller !== undefined && target.parent !== undefined && target.parent !== caller)
    return 'sub-cap-not-direct-child';
  if (call.capsFull.hi !== 0 || (call.capsFull.lo & ~CAP_ALL) !== 0) return 'sub-cap-invalid-caps';
  const { nrCids } = model.caps;
  if (nrCids >= 0 && event.has('base') && event.has('nr_cids')) {
    const words = event.has('alloc_words') ? event.alloc_words : Number.POSITIVE_INFINITY;
    if (!isValidCmask(event.base >>> 0, event.nr_cids, words, nrCids))
      return call.isGrant ? 'sub-grant-invalid-cmask' : 'sub-revoke-invalid-cmask';
  }
  return '';
}

function raisePreamble(model: Model, step: Step, call: DelegationCall, sinceSeq = -1): void {
  const { error, caller } = call;
  if (error === 'silent' || caller === undefined) return;
  const what = call.isGrant ? 'a grant' : 'a revoke';
  const cgroup = formatDecimal(call.cgroup.hi, call.cgroup.lo);
  const caps = formatHex(call.capsFull.hi, call.capsFull.lo);
  const [args, text]: [(string | number)[], string] =
    error === 'sub-cap-not-direct-child'
      ? [
          [caller.path === '' ? '/' : caller.path, cgroup],
          `${what} of ${caller.label} names sub-${cgroup}, which is no child of it`,
        ]
      : error === 'sub-cap-invalid-caps'
        ? [[caps.slice(2)], `${what} of ${caller.label} names the capabilities ${caps}, of which some do not exist`]
        : error === 'sub-cap-not-cid-form'
          ? [[], `${what} in a hierarchy that is not cid-form`]
          : [[EINVAL], `the cid mask of ${what} of ${caller.label} does not fit into the cid space or its memory`];
  // Who is no child, or not there at all, is found out before the arguments are looked at.
  const reached = error === 'sub-cap-not-cid-form' || call.target?.parent !== undefined;
  raise(model, step, error, {
    sched: caller,
    args,
    text,
    certain: reached,
    sinceSeq: sinceSeq < 0 ? call.beginSeq : sinceSeq,
  });
}

/** An error site was reached while the call was under way on this CPU: it tells the caller. */
export function errorInCall(model: Model, event: TraceEvent, step: Step): void {
  const call = model.caps.cpu(event.cpu).top?.call;
  if (call === undefined) return;
  const preambleSites = call.isGrant ? GRANT_SITES : REVOKE_SITES;
  const { release } = model.semantics.version;
  const site = preambleSites.find(
    (id) => formatMatches(formatAt(errorSite(id), release), event.fmt) || errorSite(id).format === event.fmt,
  );
  if (site === undefined) return;
  call.errorSeen = true;
  if (call.caller !== undefined) return;
  const sched = model.schedOf(event);
  if (sched === undefined) return;
  call.caller = sched;
  const { target } = call;
  if (site === 'sub-cap-not-direct-child') {
    if (target === undefined || target.parent === sched) return;
  } else if (call.error !== site) return;
  call.error = site;
  raisePreamble(model, step, call);
}

const GRANT_SITES = [
  'sub-cap-not-cid-form',
  'sub-cap-not-direct-child',
  'sub-cap-invalid-caps',
  'sub-grant-invalid-cmask',
  'sub-grant-invalid-denied',
] as const;
const REVOKE_SITES = [
  'sub-cap-not-cid-form',
  'sub-cap-not-direct-child',
  'sub-cap-invalid-caps',
  'sub-revoke-invalid-cmask',
] as const;

/** Cids of the call by shard, ascending; one group when the shards are not known. */
export function shardsOf(model: Model, cids: CpuMask): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const cid of cids) {
    const shard = model.caps.shardOf(cid);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [cid]);
    else group.push(cid);
  }
  return groups;
}

/** Everything that the call changes is in effect by now. */
export function settleShards(model: Model, event: TraceEvent, step: Step, call: DelegationCall): void {
  if (call.error !== '' || call.errorSeen || call.target === undefined) return;
  for (const [shard, cids] of shardsOf(model, call.cids)) applyShard(model, event, step, call, shard, cids);
}

/** The changes of one shard take effect, under its lock. */
export function applyShard(
  model: Model,
  event: TraceEvent,
  step: Step,
  call: DelegationCall,
  shard: number,
  cids: readonly number[],
): void {
  const { target } = call;
  if (target === undefined || call.applied.has(shard)) return;
  call.applied.add(shard);
  if (call.isGrant) {
    grantShard(model, event, call, target, shard, cids);
    return;
  }
  revokeShard(model, event, step, call, target, shard, cids);
  // Whoever is not placed in the tree may be in the subtree.
  for (const sched of model.scheds)
    if (!sched.gone && !isPlaced(sched) && !isIn(sched, target) && mayLieBelow(sched, target))
      blurShard(model, call, sched, cids);
}

function blurShard(model: Model, call: DelegationCall, sched: Sched, cids: readonly number[]): void {
  const own = model.caps.of(sched);
  own.forgetNotices();
  for (const cid of cids) {
    const entry = own.cid(cid);
    const gone = call.caps & possibleOf(entry.literal);
    if (gone === 0) continue;
    call.expected.push({ sched, cid, certain: false, before: entry.literal, seen: false });
    entry.literal = blurred(entry.literal, gone);
  }
}

/** May the grant be accepted on the cid: all capabilities asked for are in the parent's literal set. */
export function acceptance(model: Model, call: DelegationCall, cid: number): Tri {
  const parent = call.target?.parent;
  if (parent === undefined) return call.caps === 0 ? YES : UNKNOWN;
  for (const other of call.overlaps) {
    if (other.mayChange(parent) && other.names(cid) !== false && (other.caps & call.caps) !== 0) return UNKNOWN;
  }
  return hasAll(model.caps.of(parent).cid(cid).literal, call.caps);
}

function grantShard(
  model: Model,
  event: TraceEvent,
  call: DelegationCall,
  target: Sched,
  shard: number,
  cids: readonly number[],
): void {
  const own = model.caps.of(target);
  for (const cid of cids) {
    const accepted = acceptance(model, call, cid);
    if (accepted === NO) continue;
    const entry = own.cid(cid);
    const news = call.caps & ~presentOf(entry.literal);
    if (news === 0) continue;
    const certainNews = call.caps & absentOf(entry.literal);
    const before = entry.literal;
    if (accepted === YES) {
      entry.literal = withBits(entry.literal, call.caps);
      entry.writer = WRITER_GRANT;
      entry.writeSeq = event.seq;
      own.granted = true;
    } else {
      entry.literal = blurred(entry.literal, news);
    }
    const certain = accepted === YES && certainNews !== 0;
    call.expected.push({ sched: target, cid, certain, before, seen: false });
    recordNotice(own, shard, cid, accepted === YES ? certainNews : 0, news, event.seq);
  }
}

/** Pre-order walk of the subtree; where nothing is lost, nothing below can be. */
function revokeShard(
  model: Model,
  event: TraceEvent,
  step: Step,
  call: DelegationCall,
  sched: Sched,
  shard: number,
  cids: readonly number[],
): void {
  const own = model.caps.of(sched);
  let lost = false;
  for (const cid of cids) {
    const entry = own.cid(cid);
    const gone = call.caps & possibleOf(entry.literal);
    if (gone === 0) continue;
    lost = true;
    const certainGone = call.caps & presentOf(entry.literal);
    const before = entry.literal;
    entry.literal = withoutBits(entry.literal, call.caps);
    entry.writer = WRITER_REVOKE;
    entry.writeSeq = event.seq;
    call.expected.push({ sched, cid, certain: certainGone !== 0, before, seen: false });
    recordNotice(own, shard, cid, certainGone, gone, event.seq);
  }
  if (!lost) return;
  for (const child of sched.children) if (child.linked) revokeShard(model, event, step, call, child, shard, cids);
}

function end(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  const call = cpu.pop('call')?.call;
  if (call === undefined) {
    blurAll(model, event, event.has('caps') ? event.caps_lo & CAP_ALL : CAP_ALL);
    return;
  }
  caps.lastCallEndSeq = event.seq;
  const at = caps.calls.indexOf(call);
  if (at >= 0) caps.calls.splice(at, 1);
  step.sched = call.target;
  const named = model.schedOf(event);
  if (named !== undefined) call.caller = named;
  const hasRet = call.isGrant && event.has('ret');
  const done = hasRet ? event.ret === 0 || event.ret === EPERM : !call.errorSeen && call.targetLinked !== NO;
  if (done) checkArguments(model, event, step, call, hasRet);
  if (!done) {
    if (hasRet && call.error === '' && call.targetLinked === YES && call.caller !== undefined && !call.errorSeen)
      step.checks.open('grant-retval', 'the call failed for a reason that the trace does not show', call.target);
    cpu.doorbell = -1;
    return;
  }
  // What the model took for an error and the kernel did not: the kernel is followed.
  if (call.error !== '' && hasRet) call.error = '';
  settleShards(model, event, step, call);
  if (call.target === undefined) blurAll(model, event, call.caps);
  if (hasRet) settleResult(model, event, step, call);
  settleQueues(model, event, step, call);
  if (!call.isGrant && call.target !== undefined)
    for (const sched of call.target.subtree()) caps.of(sched).revokedSeq = event.seq;
  checkSubset(model, step, call);
  settleCallNotices(model, event, step, call);
}

/** A call whose beginning, or whose target, the trace does not show: what it may have changed is unknown. */
function blurAll(model: Model, event: TraceEvent, bits: number): void {
  const target = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  if (target === null) return;
  for (const sched of target === undefined ? model.scheds : target.subtree()) {
    if (sched.isRoot && sched.linked) continue;
    const own = model.caps.of(sched);
    own.forgetNotices();
    for (let cid = 0; cid < Math.max(0, model.caps.nrCids); cid++) {
      const entry = own.cid(cid);
      entry.literal = blurred(entry.literal, bits);
    }
  }
}

/** A call that took effect: was it allowed to? */
function checkArguments(model: Model, event: TraceEvent, step: Step, call: DelegationCall, certain: boolean): void {
  const { checks } = step;
  const { caller, target } = call;
  const what = call.isGrant ? 'grant' : 'revoke';
  if (call.targetLinked === NO) {
    if (certain)
      checks.fail(
        'cap-relation-args',
        `a ${what} to cgroup ${cgroupOf(call)} took effect, no scheduler is linked there`,
      );
    if (certain) checkDeadTarget(model, step, call.cgroup.hi, call.cgroup.lo, `a ${what}`);
  } else if (caller !== undefined && target?.parent !== undefined && caller !== target.parent) {
    if (certain)
      checks.fail(
        'cap-relation-args',
        `a ${what} of ${caller.label} to ${target.label} took effect, it is no child`,
        target,
      );
  } else if (target !== undefined) {
    checks.pass('cap-relation-args', target);
    // Success tells who called.
    call.caller ??= target.parent;
  }
  if (call.capsFull.hi !== 0 || (call.capsFull.lo & ~CAP_ALL) !== 0) {
    if (certain)
      checks.fail(
        'cap-valid-bits',
        `a ${what} of ${formatHex(call.capsFull.hi, call.capsFull.lo)} took effect`,
        target,
      );
  } else checks.pass('cap-valid-bits', target);
  for (const cid of call.cids) isCid(model, step, cid);
  if (event.phase === '' && call.deniedBefore === undefined && event.has('denied_cids')) call.deniedGiven = YES;
}

function cgroupOf(call: DelegationCall): string {
  return formatDecimal(call.cgroup.hi, call.cgroup.lo);
}

/** What the result of a grant says, per cid, compared with what the parent's literal set allows. */
function settleResult(model: Model, event: TraceEvent, step: Step, call: DelegationCall): void {
  const { target } = call;
  if (target === undefined) return;
  const { checks } = step;
  const own = model.caps.of(target);
  const refusedAny = event.ret === EPERM;
  const denied = event.has('denied_cids') ? event.denied_cids : undefined;
  let newlyDenied = false;
  let open = false;
  let allAccepted = true;
  for (const cid of call.cids) {
    const expected = acceptance(model, call, cid);
    if (expected === UNKNOWN) open = true;
    const inDenied = denied?.has(cid) === true && call.deniedBefore?.has(cid) !== true;
    if (inDenied) newlyDenied = true;
    const observed: Tri = !refusedAny
      ? YES
      : denied === undefined
        ? UNKNOWN
        : inDenied
          ? NO
          : denied.has(cid)
            ? UNKNOWN
            : YES;
    if (expected !== YES) allAccepted = false;
    judgeCid(model, step, call, target, cid, expected, observed);
    const verdict = observed === UNKNOWN ? expected : observed;
    const entry = own.cid(cid);
    if (verdict === NO) {
      entry.refused = call.caps;
      entry.refusedSeq = event.seq;
    } else if (verdict === YES) {
      entry.refused = 0;
      if (observed === YES || expected === YES) {
        own.granted = true;
        if ((call.caps & ~presentOf(entry.literal)) !== 0 || entry.writer === 0) {
          entry.writer = WRITER_GRANT;
          entry.writeSeq = event.seq;
        }
        entry.literal = withBits(entry.literal, call.caps);
        learnParent(model, call, cid);
      }
    }
  }
  if (refusedAny && denied !== undefined && !newlyDenied && call.cidsKnownTo < 0) {
    const before = call.deniedBefore;
    if (before === undefined || !before.intersects(call.cids))
      checks.fail('grant-retval', `a grant to ${target.label} returned -EPERM and marked no cid as refused`, target);
  } else if (!refusedAny && newlyDenied) {
    checks.fail(
      'grant-retval',
      `a grant to ${target.label} returned 0 and marked cids as refused: ${denied?.toString() ?? ''}`,
      target,
    );
  } else if (refusedAny && allAccepted && !open && denied === undefined && call.cidsKnownTo < 0) {
    checks.fail(
      'grant-no-oversight',
      `a grant of ${formatCaps(call.caps)} on cids ${call.cids.toString()} to ${target.label} was refused, the parent holds all of it`,
      target,
    );
  } else if (!open) checks.pass('grant-retval', target);
  else checks.open('grant-retval', 'the literal set of the parent is not known', target);
}

function judgeCid(
  model: Model,
  step: Step,
  call: DelegationCall,
  target: Sched,
  cid: number,
  expected: Tri,
  observed: Tri,
): void {
  const { checks } = step;
  const cpu = model.caps.cpuOf(cid);
  if (observed === YES && expected === NO) {
    const parent = target.parent;
    const held = parent === undefined ? '' : formatCaps(presentOf(model.caps.of(parent).cid(cid).literal));
    checks.fail(
      'grant-literal-only',
      `${formatCaps(call.caps)} on cid ${cid} was granted to ${target.label}, its parent holds ${held}`,
      target,
      cpu,
    );
  } else if (observed === NO && expected === YES) {
    checks.fail(
      'grant-no-oversight',
      `${formatCaps(call.caps)} on cid ${cid} was refused to ${target.label}, its parent holds all of it`,
      target,
      cpu,
    );
  } else if (expected !== UNKNOWN && observed !== UNKNOWN) {
    checks.pass(expected === YES ? 'grant-no-oversight' : 'grant-literal-only', target, cpu);
    if (expected === YES) checks.pass('grant-literal-only', target, cpu);
  }
}

/** The kernel has queued the change of one cid: the grant was accepted there. */
export function learnAccepted(model: Model, call: DelegationCall, cid: number, seq: number): void {
  if (call.target === undefined) return;
  const own = model.caps.of(call.target);
  const entry = own.cid(cid);
  entry.literal = withBits(entry.literal, call.caps);
  entry.writer = WRITER_GRANT;
  entry.writeSeq = seq;
  own.granted = true;
  learnParent(model, call, cid);
}

/** An accepted grant shows that the parent holds the capabilities. */
function learnParent(model: Model, call: DelegationCall, cid: number): void {
  const parent = call.target?.parent;
  if (parent === undefined || call.overlaps.length > 0) return;
  const entry = model.caps.of(parent).cid(cid);
  entry.literal = entry.literal | ((call.caps & ~absentOf(entry.literal)) * 0x11);
}

/** Every change was queued for its CPU. Where the trace does not show queueing, it is taken as done. */
function settleQueues(model: Model, event: TraceEvent, step: Step, call: DelegationCall): void {
  const { caps } = model;
  for (const expected of call.expected) {
    if (expected.seen) continue;
    const cpu = caps.cpuOf(expected.cid);
    if (!caps.queuesShown) {
      if (cpu >= 0) pushSync(model, expected.sched, cpu, event.seq, event.t, expected.certain);
    } else if (expected.certain) {
      step.checks.fail(
        'sync-queue',
        `a change of ${expected.sched.label} on cid ${expected.cid} was not queued for its CPU`,
        expected.sched,
        cpu,
      );
    }
  }
}

/** A child never holds what its parent does not. */
function checkSubset(model: Model, step: Step, call: DelegationCall): void {
  const { target } = call;
  if (target === undefined || call.overlaps.length > 0) return;
  for (const sched of call.isGrant ? [target] : target.subtree()) {
    if (!sched.linked || sched.parent === undefined || sched.parent.isRoot) {
      if (sched.parent?.isRoot === true) step.checks.pass('cap-child-subset', sched);
      continue;
    }
    for (const cid of call.cids) compareWithParent(model, step, sched, cid);
  }
}

/** Compares one cid of a scheduler with its parent. */
export function compareWithParent(model: Model, step: Step, sched: Sched, cid: number): void {
  const { parent } = sched;
  if (parent === undefined || !sched.linked) return;
  const mine = model.caps.of(sched).cid(cid).literal;
  const theirs = model.caps.of(parent).cid(cid).literal;
  const beyond = presentOf(mine) & absentOf(theirs);
  if (beyond !== 0) {
    step.checks.fail(
      'cap-child-subset',
      `${sched.label} holds ${formatCaps(beyond)} on cid ${cid}, its parent ${parent.label} does not`,
      sched,
      model.caps.cpuOf(cid),
    );
  } else if ((possibleOf(mine) & ~presentOf(theirs)) === 0) step.checks.pass('cap-child-subset', sched);
}
