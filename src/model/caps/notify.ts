// Configuration notifications (ops.sub_caps_updated): what is recorded under the shard lock, and when it is delivered.
import { formatCaps } from '../../kernel/caps.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { DelegationCall } from './call.ts';
import { settleShards } from './delegation.ts';
import type { SchedCaps, ShardNotice } from './sched-caps.ts';

export const OP_CAPS_UPDATED = 'sub_caps_updated';

/** A change of one cid joins what the scheduler must be told of the shard. */
export function recordNotice(
  own: SchedCaps,
  shard: number,
  cid: number,
  certain: number,
  possible: number,
  seq: number,
): void {
  const notice = own.shard(Math.max(0, shard));
  notice.mayCids.add(cid);
  notice.mayCaps |= possible;
  if (certain !== possible) notice.complete = false;
  if (certain === 0) return;
  notice.cids.add(cid);
  notice.caps |= certain;
  if (notice.firstSeq < 0) notice.firstSeq = seq;
  if (notice.lastSeq !== seq) notice.records++;
  notice.lastSeq = seq;
}

/** ops.sub_caps_updated() begins or ends. */
export function capsUpdated(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { sched } = step;
  caps.notifiesShown = true;
  if (sched === undefined) return;
  const own = caps.of(sched);
  const cpu = caps.cpu(event.cpu);
  if (event.phase === 'end') {
    cpu.pop('notify', OP_CAPS_UPDATED);
    for (const [, notice] of own.shards()) if (notice.deliveringOn === event.cpu) notice.deliveringOn = -1;
    return;
  }
  // The callback runs after all locks of the call were dropped: its changes are in effect.
  const call = cpu.innermost('call')?.call;
  if (call !== undefined) settleShards(model, event, step, call);
  checkLive(event, step, sched, own);
  own.opsSeen.add(OP_CAPS_UPDATED);
  const shard = checkGeometry(model, event, step, sched);
  if (shard >= 0) {
    const notice = own.shard(shard);
    deliver(event, step, own, notice);
    if (event.phase === 'begin') {
      notice.deliveringOn = event.cpu;
      notice.deliverySeq = event.seq;
    }
  } else own.forgetNotices();
  if (event.phase === 'begin') cpu.push('notify', sched, event.seq, OP_CAPS_UPDATED);
}

function checkLive(event: TraceEvent, step: Step, sched: Sched, own: SchedCaps): void {
  const { checks } = step;
  if (sched.isRoot) {
    checks.fail(
      'caps-notify-live',
      'the root scheduler was told of a change of capabilities; it holds all of them',
      sched,
    );
  } else if (own.live === NO) {
    checks.fail(
      'caps-notify-live',
      `${sched.label} was told of its capabilities before its callbacks were enabled`,
      sched,
    );
  } else if (own.dead || own.unlinkSeq >= 0) {
    checks.fail('caps-notify-live', `${sched.label} was told of its capabilities after its end`, sched);
  } else if (sched.exit !== undefined && own.toldAfterClaim.has(event.cpu)) {
    // One delivery that had passed its test before the claim may still begin on each CPU.
    checks.fail('caps-notify-live', `${sched.label} was told of its capabilities although it is exiting`, sched);
  } else checks.pass('caps-notify-live', sched);
  if (sched.exit !== undefined) own.toldAfterClaim.add(event.cpu);
}

/** The mask has the geometry of one shard. The shard, -1 unknown. */
function checkGeometry(model: Model, event: TraceEvent, step: Step, sched: Sched): number {
  const { layout } = model.caps;
  const { checks } = step;
  if (layout === undefined) {
    checks.open('caps-notify-shard', 'the cid layout is not known', sched);
    return -1;
  }
  const first = event.has('base') ? event.base : event.cids.first;
  const shard = layout.shardOf[first] ?? -1;
  const { base = -1, nr = 0 } = layout.shards[shard] ?? {};
  if (!event.has('base') || !event.has('nr_cids')) return shard;
  if (!model.caps.layoutShown && (event.base !== base || event.nr_cids !== nr)) {
    // The shard size is an option of the root scheduler that was not recorded.
    checks.open('caps-notify-shard', 'the shards are not known', sched);
    return -1;
  }
  if (event.base !== base || event.nr_cids !== nr) {
    checks.fail(
      'caps-notify-shard',
      `${sched.label} was told of a mask of ${event.nr_cids} cids from ${event.base}; its shard has ${nr} from ${base}`,
      sched,
    );
  } else if (!event.cids.isEmpty && (event.cids.first < base || event.cids.last >= base + nr)) {
    checks.fail(
      'caps-notify-shard',
      `${sched.label} was told of cids ${event.cids.toString()}, outside shard ${base}+${nr}`,
      sched,
    );
  } else checks.pass('caps-notify-shard', sched);
  return shard;
}

/** The payload is the union of what was recorded since the last one; then nothing is pending. */
function deliver(event: TraceEvent, step: Step, own: SchedCaps, notice: ShardNotice): void {
  const { checks } = step;
  const { sched } = own;
  if (notice.deliveringOn >= 0) {
    const check = checks.fail(
      'caps-notify-serial',
      `${sched.label} is told of a shard on CPU ${event.cpu} while it is being told on CPU ${notice.deliveringOn}`,
      sched,
    );
    check.began = notice.deliverySeq;
  } else checks.pass('caps-notify-serial', sched);
  const told = event.caps_lo;
  if (!notice.complete) {
    const beyond = (told & ~notice.mayCaps) !== 0 || !event.cids.isSubsetOf(notice.mayCids);
    if (beyond && own.changesKnown)
      checks.fail('caps-notify-exact', `${sched.label} was told of more than any call changed`, sched);
    else checks.open('caps-notify-exact', 'not all changes since the last notification are known', sched);
  } else if (notice.records === 0) {
    checks.fail('caps-notify-eventual', `${sched.label} was told of a change that it had been told of before`, sched);
  } else if (told !== notice.caps || !event.cids.equals(notice.cids)) {
    const check = checks.fail(
      'caps-notify-exact',
      `${sched.label} was told of ${formatCaps(told)} on cids ${event.cids.toString()}; ${formatCaps(notice.caps)} on cids ${notice.cids.toString()} had changed`,
      sched,
    );
    check.began = notice.firstSeq;
  } else checks.pass('caps-notify-exact', sched);
  notice.clear();
}

/** The call ends: what it recorded is delivered, unless the receiver cannot be told yet. */
export function settleCallNotices(model: Model, _event: TraceEvent, step: Step, call: DelegationCall): void {
  const seen = new Set<Sched>();
  for (const { sched } of call.expected) {
    if (seen.has(sched)) continue;
    seen.add(sched);
    settleNotices(model, step, sched, call.beginSeq);
  }
}

/** The seed at the end of the enable delivers what was recorded before. */
export function settleEnabled(model: Model, step: Step, sched: Sched): void {
  settleNotices(model, step, sched, -1);
}

function settleNotices(model: Model, step: Step, sched: Sched, sinceSeq: number): void {
  const { caps } = model;
  const own = caps.of(sched);
  const recorded = model.header.recorded?.has('cap_notify') ?? caps.notifiesShown;
  if (!recorded || own.live !== YES || sched.aborting || own.hasOp(OP_CAPS_UPDATED) !== YES) return;
  for (const [, notice] of own.shards()) {
    if (!notice.complete || notice.deliveringOn >= 0) continue;
    if (notice.records > 0 && (sinceSeq < 0 || notice.firstSeq >= sinceSeq)) {
      const check = step.checks.fail(
        'caps-notify-eventual',
        `${sched.label} was not told of ${formatCaps(notice.caps)} on cids ${notice.cids.toString()}`,
        sched,
      );
      check.began = notice.firstSeq;
    } else step.checks.pass('caps-notify-eventual', sched);
  }
}
