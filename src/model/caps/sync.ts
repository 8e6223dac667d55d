// Propagation to CPUs: syncs that are queued, the fold that takes them, reports of effective sets, and evidence of them.
import { CAP_BASE, CAPS_REENQ_ON_LOSS, formatCaps, isEffective } from '../../kernel/caps.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { DelegationCall } from './call.ts';
import {
  absentOf,
  admits,
  type Cell,
  cellOf,
  closureCell,
  either,
  formatCell,
  isComplete,
  literalFrom,
  possibleOf,
  presentOf,
  withBits,
  withoutBits,
} from './cell.ts';
import type { CpuCaps } from './cpu-caps.ts';
import { applyShard, learnAccepted, shardsOf } from './delegation.ts';
import { isCid } from './layout.ts';
import { isPlaced, noteSub } from './tree.ts';

export const OP_ECAPS_UPDATED = 'sub_ecaps_updated';

export function sync(model: Model, event: TraceEvent, step: Step): void {
  step.sched = model.schedOf(event);
  if (step.sched !== undefined) noteSub(model, step.sched);
  if (event.step === 'queue') queue(model, event, step);
  else if (event.step === 'fold') fold(model, event, step);
  else if (event.step === 'entry') foldedEntry(model, event, step);
}

/** queue_sync_ecaps(), under the shard lock: the literal set has changed by now. */
function queue(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { sched } = step;
  caps.queuesShown = true;
  const target = caps.cpuOf(event.cid);
  // What waits, or where, is not known.
  if (sched === undefined || target < 0)
    for (const cpu of target < 0 ? caps.cpus() : [caps.cpu(target)]) cpu.pendingKnown = false;
  if (sched === undefined) return;
  isCid(model, step, event.cid);
  const executing = caps.cpu(event.cpu);
  const frame = executing.innermost('call') ?? executing.innermost('bypass');
  if (frame?.call !== undefined) queueInCall(model, event, step, frame.call, sched);
  else if (frame?.kind === 'bypass' && target >= 0) {
    const own = caps.of(sched).cpu(target);
    if (isComplete(own.effective) && own.effective === own.reported)
      step.checks.fail(
        'sync-queue',
        `${sched.label} leaves bypass with nothing unreported, and a sync is queued`,
        sched,
        target,
      );
    else step.checks.pass('sync-queue', sched, target);
  }
  executing.queuedCid = event.cid;
  executing.queuedSeq = event.seq;
  if (target >= 0) {
    const empty = pushSync(model, sched, target, event.seq, event.t, true);
    executing.doorbell = empty ? target : -1;
  }
}

function queueInCall(model: Model, event: TraceEvent, step: Step, call: DelegationCall, sched: Sched): void {
  const { caps } = model;
  const { cid } = event;
  call.queuesSeen = true;
  if (call.target === undefined && call.isGrant) call.target = sched;
  const shard = caps.shardOf(cid);
  applyShard(model, event, step, call, shard, shardsOf(model, call.cids).get(shard) ?? [cid]);
  const expected = call.expected.find((entry) => entry.sched === sched && entry.cid === cid);
  if (expected !== undefined) {
    expected.seen = true;
    step.checks.pass('sync-queue', sched, caps.cpuOf(cid));
    if (!expected.certain && call.isGrant) learnAccepted(model, call, cid, event.seq);
    return;
  }
  // Whom a call reaches is known when the tree is.
  if (call.target === undefined || !isPlaced(sched))
    step.checks.open('sync-queue', 'whom the call reaches is not known', sched, caps.cpuOf(cid));
  else
    step.checks.fail(
      'sync-queue',
      `a change of ${sched.label} on cid ${cid} is queued that the call under way does not make`,
      sched,
      caps.cpuOf(cid),
    );
  const entry = caps.of(sched).cid(cid);
  if (call.isGrant) entry.literal = withBits(entry.literal, call.caps);
  else entry.literal = withoutBits(entry.literal, call.caps);
}

/** Puts a sync on the list of a CPU. True when the list was certainly empty before: the doorbell rings. */
export function pushSync(
  model: Model,
  sched: Sched,
  cpuId: number,
  seq: number,
  time: number,
  certain: boolean,
): boolean {
  const cpu = model.caps.cpu(cpuId);
  if (!certain) {
    cpu.pendingKnown = false;
    return false;
  }
  if (cpu.awaits(sched) === YES) return false;
  const empty = cpu.pendingKnown && cpu.pending.length === 0;
  cpu.pending.unshift({ sched, seq, time });
  return empty;
}

/** The literal set as a fold may read it while calls on other CPUs are half done. */
function literalNow(model: Model, sched: Sched, cid: number): Cell {
  const { caps } = model;
  let cell = caps.of(sched).cid(cid).literal;
  for (const call of caps.calls) {
    if (!call.mayChange(sched) || call.names(cid) === false) continue;
    if (!call.applied.has(caps.shardOf(cid))) {
      cell = either(cell, call.isGrant ? withBits(cell, call.caps) : withoutBits(cell, call.caps));
      continue;
    }
    // Where the shards are only derived, this cid may be in a later one: its sync shows when it has changed.
    const change = call.expected.find((entry) => entry.sched === sched && entry.cid === cid);
    if (change !== undefined && !change.seen && !caps.layoutShown) cell = either(cell, change.before);
  }
  return cell;
}

/** scx_process_sync_ecaps(): takes the whole list; each entry's set becomes the closure of its literal one. */
function fold(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const rq = event.rq >= 0 ? event.rq : event.cpu;
  step.rq = model.cpu(rq);
  caps.foldsShown = true;
  const cpu = caps.cpu(rq);
  completeFold(model, step, cpu);
  if (event.phase === 'end') return;
  cpu.pickFolded = true;
  cpu.lateFolds = 0;
  const list = cpu.pending;
  const complete = cpu.pendingKnown;
  cpu.pending = [];
  cpu.pendingKnown = true;
  // While no sub-scheduler is known nothing else of the delegation is followed, so the end of a fold is not seen.
  if (step.rq.active === NO || !caps.active) return;
  if (complete && list.length === 0 && event.has('pending'))
    step.checks.fail('ecaps-fold', `CPU ${rq} folds, and nothing was queued for it`, undefined, rq);
  else if (complete) step.checks.pass('ecaps-fold', undefined, rq);
  cpu.folding = true;
  cpu.batch = list;
  cpu.batchKnown = complete;
  cpu.batchNext = 0;
  cpu.foldSeq = event.seq;
  cpu.foldLost = 0;
  for (const { sched } of list) {
    const own = caps.of(sched).cpu(rq);
    own.beforeFold = own.effective;
    own.effective = either(own.effective, nextEcaps(model, sched, rq));
  }
  if (!complete) {
    for (const sched of model.scheds) {
      if (sched.isRoot || list.some((entry) => entry.sched === sched)) continue;
      const own = caps.of(sched).cpu(rq);
      own.beforeFold = own.effective;
      own.effective = either(own.effective, nextEcaps(model, sched, rq));
      own.foldSeq = event.seq;
    }
  }
}

/** The effective set that a fold of the scheduler on the CPU leads to. */
export function nextEcaps(model: Model, sched: Sched, cpu: number): Cell {
  const cid = model.caps.cidOf(cpu);
  return cid < 0 ? 0 : closureCell(literalNow(model, sched, cid));
}

/** Everything of the batch is folded; a loss asks for a scan of the local DSQ. */
export function completeFold(model: Model, step: Step, cpu: CpuCaps): void {
  if (!cpu.folding) return;
  advanceFold(model, step, cpu, undefined);
  settleReport(model, step, cpu, undefined);
  cpu.folding = false;
  cpu.batch = [];
  if ((cpu.foldLost & CAPS_REENQ_ON_LOSS) === 0 || model.root?.bypassDepth !== 0) return;
  cpu.scanOwedSeq = cpu.foldSeq;
  cpu.scanOwedPass = cpu.pass;
}

/** The batch is folded up to and including the entry of `until`; undefined: all of it. */
export function advanceFold(model: Model, step: Step, cpu: CpuCaps, until: Sched | undefined): void {
  while (cpu.batchNext < cpu.batch.length) {
    const entry = cpu.batch[cpu.batchNext++];
    if (entry === undefined) continue;
    settleReport(model, step, cpu, undefined);
    storeEntry(model, cpu, entry.sched);
    if (entry.sched === until) return;
  }
}

/** The set of one scheduler is stored; its report is due. */
function storeEntry(model: Model, cpu: CpuCaps, sched: Sched): void {
  const on = model.caps.of(sched).cpu(cpu.id);
  const next = nextEcaps(model, sched, cpu.id);
  on.effective = next;
  on.foldSeq = cpu.foldSeq;
  on.zeroedSeq = -1;
  noteChange(model, cpu, sched, on.beforeFold, next);
  cpu.reportDue = sched;
}

/** Losses, gains, and the idle notification that a gain owes. */
function noteChange(model: Model, cpu: CpuCaps, sched: Sched, before: Cell, after: Cell): void {
  const on = model.caps.of(sched).cpu(cpu.id);
  const lost = presentOf(before) & absentOf(after);
  const mayLose = possibleOf(before) & ~presentOf(after);
  const gained = presentOf(after) & absentOf(before);
  cpu.foldLost |= lost;
  if ((lost & CAPS_REENQ_ON_LOSS) !== 0) {
    on.lost = lost & CAPS_REENQ_ON_LOSS;
    on.lossSeq = cpu.foldSeq;
    on.lossPass = cpu.pass;
    on.scanDropped = model.root === undefined || model.root.bypassDepth !== 0;
  }
  if (gained !== 0) on.lost &= ~gained;
  if (on.lost === 0) on.lossSeq = -1;
  if ((gained & CAP_BASE) !== 0) {
    on.marker = YES;
    cpu.gateSub = YES;
  } else if ((lost & CAP_BASE) !== 0) on.marker = NO;
  else if (((mayLose | (possibleOf(after) & ~presentOf(before))) & CAP_BASE) !== 0) {
    on.marker = UNKNOWN;
    if (cpu.gateSub === NO) cpu.gateSub = UNKNOWN;
  }
  if ((lost & CAP_BASE) !== 0) on.idleTold = -1;
}

/** The callback of the entry folded last was seen (`reported`), or the fold goes on without it. */
export function settleReport(model: Model, step: Step, cpu: CpuCaps, reported: Sched | undefined): void {
  const sched = cpu.reportDue;
  if (sched === undefined) return;
  cpu.reportDue = undefined;
  const { caps } = model;
  const own = caps.of(sched);
  const on = own.cpu(cpu.id);
  if (reported === sched) {
    own.opsSeen.add(OP_ECAPS_UPDATED);
    if (caps.notifiesShown) {
      step.checks.pass('ecaps-report-eventual', sched, cpu.id);
      if (on.replaySeq >= 0) step.checks.pass('unbypass-replay', sched, cpu.id);
    }
    on.reported = on.effective;
    on.replaySeq = -1;
    return;
  }
  if (on.effective === on.reported && isComplete(on.effective)) {
    on.replaySeq = -1;
    return;
  }
  if (sched.isBypassing(cpu.id) === YES || own.live === NO || own.hasOp(OP_ECAPS_UPDATED) === NO) return;
  const certain =
    isComplete(on.effective) && isComplete(on.reported) && sched.isBypassing(cpu.id) === NO && own.live === YES;
  const recorded = model.header.recorded?.has('cap_notify') ?? caps.notifiesShown;
  if (certain && recorded && own.hasOp(OP_ECAPS_UPDATED) === YES) missedReport(step, sched, cpu);
  else if (certain && !recorded && own.hasOp(OP_ECAPS_UPDATED) === UNKNOWN && model.records('flush'))
    // The flush behind the callback would have shown it.
    own.opsAbsent.add(OP_ECAPS_UPDATED);
  else on.reported = either(on.reported, on.effective);

  function missedReport(to: Step, whom: Sched, where: CpuCaps): void {
    const text = `${whom.label} was not told that it has ${formatCell(on.effective)} instead of ${formatCell(on.reported)} on CPU ${where.id}`;
    to.checks.fail('ecaps-report-eventual', text, whom, where.id).began = where.foldSeq;
    if (on.replaySeq >= 0)
      to.checks.fail('unbypass-replay', `${text}, which its return from bypass owes it`, whom, where.id).began =
        on.replaySeq;
    on.replaySeq = -1;
    on.reported = on.effective;
  }
}

/** The fold has set the set of one scheduler. */
function foldedEntry(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { sched } = step;
  if (sched === undefined) return;
  const rq = rqOf(model, event);
  if (rq < 0) return;
  step.rq = model.cpu(rq);
  const cpu = caps.cpu(rq);
  if (cpu.folding && cpu.awaits(sched) === YES) advanceFold(model, step, cpu, sched);
  else foldUnqueued(model, event, step, cpu, sched);
  observeEcaps(model, event, step, sched, rq, event.ecaps_lo, true);
}

/** A fold of a scheduler whose sync was not seen being queued. */
function foldUnqueued(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps, sched: Sched): void {
  settleReport(model, step, cpu, undefined);
  cpu.pending = cpu.pending.filter((entry) => entry.sched !== sched);
  if (!cpu.folding) cpu.foldSeq = event.seq;
  const on = model.caps.of(sched).cpu(cpu.id);
  on.beforeFold = on.effective;
  storeEntry(model, cpu, sched);
}

/** CPU that a capability event is about; -1 unknown. */
function rqOf(model: Model, event: TraceEvent): number {
  if (event.rq >= 0) return event.rq;
  return event.has('cid') ? model.caps.cpuOf(event.cid) : event.cpu;
}

/** ops.sub_ecaps_updated() begins or ends: the set is in effect, and reported. */
export function ecapsUpdated(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { sched } = step;
  caps.notifiesShown = true;
  if (sched === undefined) return;
  const executing = caps.cpu(event.cpu);
  if (event.phase === 'end') {
    executing.pop('notify', OP_ECAPS_UPDATED);
    return;
  }
  if (event.has('cid')) {
    isCid(model, step, event.cid);
    if (event.rq >= 0) caps.learnCid(event.cid, event.rq);
  }
  const rq = rqOf(model, event);
  if (rq < 0) return;
  step.rq = model.cpu(rq);
  checkReportContext(model, event, step, sched, rq);
  const cpu = caps.cpu(rq);
  const on = caps.of(sched).cpu(rq);
  const reported = on.reported;
  if (cpu.folding && cpu.awaits(sched) === YES) advanceFold(model, step, cpu, sched);
  else if (cpu.reportDue !== sched) foldUnqueued(model, event, step, cpu, sched);
  settleReport(model, step, cpu, sched);
  if (event.has('old_ecaps')) checkChain(step, sched, rq, reported, event.old_ecaps_lo, event.ecaps_lo);
  observeEcaps(model, event, step, sched, rq, event.ecaps_lo, true);
  on.reported = cellOf(event.ecaps_lo);
  if (event.phase === 'begin') executing.push('notify', sched, event.seq, OP_ECAPS_UPDATED);
}

function checkReportContext(model: Model, event: TraceEvent, step: Step, sched: Sched, rq: number): void {
  const { checks } = step;
  if (sched.isRoot)
    checks.fail('ecaps-report-context', 'the root scheduler was told of effective capabilities', sched, rq);
  else if (sched.isBypassing(rq) === YES)
    checks.fail(
      'ecaps-report-context',
      `${sched.label} was told of effective capabilities while it is bypassing`,
      sched,
      rq,
    );
  else if (
    event.rq >= 0 &&
    event.has('cid') &&
    model.caps.cpuOf(event.cid) >= 0 &&
    model.caps.cpuOf(event.cid) !== event.rq
  )
    checks.fail(
      'ecaps-report-context',
      `${sched.label} was told of cid ${event.cid} during a dispatch of CPU ${rq}`,
      sched,
      rq,
    );
  else checks.pass('ecaps-report-context', sched, rq);
}

function checkChain(step: Step, sched: Sched, rq: number, reported: Cell, before: number, after: number): void {
  const { checks } = step;
  if (!admits(reported, before))
    checks.fail(
      'ecaps-report-chain',
      `${sched.label} was told that it had ${formatCaps(before)} on CPU ${rq}; it had last been told ${formatCell(reported)}`,
      sched,
      rq,
    );
  else if (before === after)
    checks.fail('ecaps-report-chain', `${sched.label} was told of no change on CPU ${rq}`, sched, rq);
  else if (!isEffective(before) || !isEffective(after))
    checks.fail(
      'ecaps-report-chain',
      `${sched.label} was told of a set that cannot be in effect on CPU ${rq}`,
      sched,
      rq,
    );
  else if (!isComplete(reported)) checks.open('ecaps-report-chain', 'what was reported before is not known', sched, rq);
  else checks.pass('ecaps-report-chain', sched, rq);
}

/** The event shows the effective set of a scheduler on a CPU. `folded`: it is what a fold has just stored. */
export function observeEcaps(
  model: Model,
  event: TraceEvent,
  step: Step,
  sched: Sched,
  rq: number,
  value: number,
  folded: boolean,
): void {
  // Of a root scheduler, which it may be, the field says nothing.
  if (sched.level === 0) return;
  const { caps } = model;
  const { checks } = step;
  const own = caps.of(sched);
  const on = own.cpu(rq);
  if (!isEffective(value))
    checks.fail(
      'cap-valid-bits',
      `${sched.label} has 0x${(value >>> 0).toString(16)} in effect on CPU ${rq}; no fold makes that`,
      sched,
      rq,
    );
  const fresh = folded || on.foldSeq > on.seenSeq;
  if (!admits(on.effective, value)) {
    const aspect = mismatchAspect(own.born, on, value, folded);
    const check = checks.fail(
      aspect,
      `${sched.label} has ${formatCaps(value)} in effect on CPU ${rq}, expected ${formatCell(on.effective)}`,
      sched,
      rq,
    );
    check.began = Math.max(on.foldSeq, on.seenSeq);
    check.caps = value;
  } else if (on.zeroedSeq >= 0) checks.pass('ecaps-offline-zero', sched, rq);
  else if (isComplete(on.effective)) checks.pass(fresh ? 'ecaps-is-closure' : 'ecaps-writers', sched, rq);
  else checks.open(fresh ? 'ecaps-is-closure' : 'ecaps-writers', 'the literal set is not known', sched, rq);
  const before = on.effective;
  on.effective = cellOf(value);
  on.seenSeq = event.seq;
  if ((presentOf(before) & ~value & CAPS_REENQ_ON_LOSS) === 0) on.lost &= ~value;
  learnLiteral(model, sched, rq, value);
  compareWithParent(model, step, sched, rq, value);
}

function mismatchAspect(
  born: boolean,
  on: { readonly zeroedSeq: number; readonly foldSeq: number; readonly seenSeq: number; readonly beforeFold: Cell },
  value: number,
  folded: boolean,
): string {
  if (on.zeroedSeq >= 0) return 'ecaps-offline-zero';
  if (folded) return 'ecaps-is-closure';
  if (on.foldSeq > on.seenSeq) return admits(on.beforeFold, value) ? 'ecaps-pending' : 'ecaps-is-closure';
  return born && on.foldSeq < 0 && on.seenSeq < 0 ? 'cap-initial-empty' : 'ecaps-writers';
}

/** With nothing under way, the effective set tells about the literal one. */
function learnLiteral(model: Model, sched: Sched, rq: number, value: number): void {
  const { caps } = model;
  const cid = caps.cidOf(rq);
  if (cid < 0 || caps.calls.length > 0 || caps.cpu(rq).awaits(sched) !== NO) return;
  const entry = caps.of(sched).cid(cid);
  if (!isComplete(entry.literal)) entry.literal = literalFrom(value, entry.literal);
}

/** Between folds a child has no more in effect than its parent. */
function compareWithParent(model: Model, step: Step, sched: Sched, rq: number, value: number): void {
  const { parent } = sched;
  if (parent === undefined || parent.isRoot || !sched.linked) return;
  const { caps } = model;
  const cpu = caps.cpu(rq);
  if (caps.calls.some((call) => call.mayChange(parent)) || cpu.awaits(parent) !== NO || cpu.awaits(sched) !== NO)
    return;
  const theirs = caps.of(parent).ecaps(rq);
  const beyond = value & absentOf(theirs);
  if (beyond !== 0)
    step.checks.fail(
      'ecaps-hierarchy',
      `${sched.label} has ${formatCaps(beyond)} in effect on CPU ${rq}, its parent ${parent.label} has not`,
      sched,
      rq,
    );
  else if (isComplete(theirs)) step.checks.pass('ecaps-hierarchy', sched, rq);
}
