// Literal capabilities as the kernel shows them: scx_bpf_sub_caps() and the `caps` files of sysfs.
import { CAP_ALL, formatCaps } from '../../kernel/caps.ts';
import { isValidCmask } from '../../kernel/cmask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatDecimal, formatHex } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Sched } from '../sched.ts';
import type { Step } from '../step.ts';
import { closureCell, knownOf, possibleOf, presentOf, withBits, withoutBits } from './cell.ts';
import { compareWithParent } from './delegation.ts';
import { WRITER_EVIDENCE, WRITER_REVOKE } from './sched-caps.ts';
import { linkedAt } from './tree.ts';

const EINVAL = -22;

export function query(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  if (event.step === 'sysfs') {
    step.sched = model.schedOf(event);
    if (step.sched !== undefined && event.has('cids')) read(model, event, step, step.sched, event.seq);
    return;
  }
  const caller = model.schedOf(event) ?? caps.callerOn(event.cpu);
  const own = !event.has('cgroup') || (event.cgroup_hi === 0 && event.cgroup_lo === 0);
  const found = own ? caller : linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  const target = found ?? undefined;
  step.sched = target;
  const cpu = caps.cpu(event.cpu);
  if (event.phase !== 'end') {
    cpu.querySeq = event.seq;
    if (caller !== undefined) vet(model, event, step, caller, own, found);
  }
  if (event.phase === 'begin' || target === undefined) return;
  if (!event.has('cids') || (event.has('ret') && event.ret < 0)) return;
  read(model, event, step, target, cpu.querySeq < 0 ? event.seq : cpu.querySeq);
  cpu.querySeq = -1;
}

/** The checks of the kfunc, in the order of the kernel. */
function vet(
  model: Model,
  event: TraceEvent,
  step: Step,
  caller: Sched,
  own: boolean,
  target: Sched | null | undefined,
): void {
  const { caps } = model;
  const text = `the capability query of ${caller.label}`;
  if (caps.of(caller).dead) return;
  if (caps.of(caller).formKnown && !caller.cidForm) {
    raise(model, step, 'sub-query-not-cid-form', {
      sched: caller,
      args: [],
      text: `${text} is made in a hierarchy that is not cid-form`,
    });
  } else if (event.caps_hi !== 0 || (event.caps_lo & ~CAP_ALL) !== 0) {
    const asked = formatHex(event.caps_hi, event.caps_lo);
    raise(model, step, 'sub-query-invalid-caps', {
      sched: caller,
      args: [asked.slice(2)],
      text: `${text} names ${asked}, of which some do not exist`,
    });
  } else if (target === undefined || target === null) {
    // No such child: only returned.
  } else if (!own && target.parent !== undefined && target.parent !== caller) {
    const cgroup = formatDecimal(event.cgroup_hi, event.cgroup_lo);
    raise(model, step, 'sub-query-not-direct-child', {
      sched: caller,
      args: [caller.path === '' ? '/' : caller.path, cgroup],
      text: `${text} names sub-${cgroup}, which is no child of it`,
    });
  } else if (!own && target.parent === undefined) {
    // Whether it is a child, and so whether anything else is looked at, is not known.
  } else if (isTooEarly(model, target)) {
    raise(model, step, 'sub-query-too-early', {
      sched: caller,
      args: [],
      text: `${text} comes before its capabilities exist`,
    });
  } else if (
    caps.nrCids >= 0 &&
    event.has('base') &&
    event.has('nr_cids') &&
    !isValidCmask(
      event.base >>> 0,
      event.nr_cids,
      event.has('alloc_words') ? event.alloc_words : Number.POSITIVE_INFINITY,
      caps.nrCids,
    )
  ) {
    raise(model, step, 'sub-query-invalid-out', {
      sched: caller,
      args: [EINVAL],
      text: `${text} passes a mask that is not valid`,
    });
  }
}

/** The capabilities of a root scheduler are made right behind the publication of the cids, after ops.init_cids(). */
function isTooEarly(model: Model, target: Sched): boolean {
  const { caps } = model;
  const own = caps.of(target);
  if (!target.isRoot || !own.born || own.unlinkSeq >= 0) return false;
  if (!target.linked) return true;
  const shown = model.header.recorded !== undefined && model.records('cid_map:publish');
  return shown && caps.enabling === target && own.initSeq < 0 && !caps.layoutShown;
}

/** For every cid: does it hold one of the capabilities asked for? Learns, and compares with what is known. */
function read(model: Model, event: TraceEvent, step: Step, target: Sched, sinceSeq: number): void {
  const { caps } = model;
  const own = caps.of(target);
  const { nrCids } = caps;
  const from = event.has('base') ? event.base : 0;
  const to = event.has('nr_cids') ? from + event.nr_cids : nrCids < 0 ? event.cids.last + 1 : nrCids;
  // A call that is or was under way meanwhile may be half done.
  const settled =
    !caps.calls.some((call) => call.mayChange(target)) && (caps.lastCallEndSeq < sinceSeq || event.step === 'sysfs');
  const asked = event.caps_lo & CAP_ALL;
  if (!settled) {
    step.checks.open('query-literal', 'a grant or revoke was under way at the same time', target);
    return;
  }
  let clean = true;
  const kept = { refused: false, revoked: false, spared: false };
  for (let cid = from; cid < to; cid++) {
    const shown = event.cids.has(cid);
    const entry = own.cid(cid);
    const contradiction = shown ? (possibleOf(entry.literal) & asked) === 0 : (presentOf(entry.literal) & asked) !== 0;
    if (contradiction) {
      clean = false;
      report(model, event, step, target, cid, asked, shown);
    }
    if (!contradiction && (knownOf(entry.literal) & asked) === asked) {
      kept.refused ||= (entry.refused & asked) !== 0;
      kept.revoked ||= !shown && entry.writer === WRITER_REVOKE;
      kept.spared ||= shown && own.revokedSeq > entry.writeSeq && entry.writeSeq >= 0;
    }
    const single =
      (asked & (asked - 1)) === 0 ||
      (possibleOf(entry.literal) & asked & ((possibleOf(entry.literal) & asked) - 1)) === 0;
    if (!shown) entry.literal = withoutBits(entry.literal, asked);
    else if (contradiction) entry.literal = withBits(entry.literal, asked);
    else if (single) entry.literal = withBits(entry.literal, possibleOf(entry.literal) & asked);
    if (contradiction) {
      entry.writer = WRITER_EVIDENCE;
      entry.writeSeq = event.seq;
      if (target.parent !== undefined && target.parent.level > 0) compareWithParent(model, step, target, cid);
    }
  }
  if (!clean) return;
  step.checks.pass(target.isRoot ? 'cap-root-full' : 'query-literal', target);
  if (target.level > 0) {
    step.checks.pass('cap-writer', target);
    if (kept.refused) step.checks.pass('grant-all-or-nothing', target);
    if (kept.revoked) step.checks.pass('revoke-subtree', target);
    if (kept.spared) step.checks.pass('revoke-scope', target);
    if (own.born && !own.granted) step.checks.pass('cap-initial-empty', target);
  }
}

/** Which invariant the contradiction breaks: decided by what happened to the capability before. */
function report(
  model: Model,
  event: TraceEvent,
  step: Step,
  target: Sched,
  cid: number,
  asked: number,
  shown: boolean,
): void {
  const own = model.caps.of(target);
  const entry = own.cid(cid);
  const aspect = shown ? surplus(event, target, own, entry, asked) : shortage(event, target, own, entry);
  const text = shown
    ? `${target.label} is shown to hold ${formatCaps(asked)} on cid ${cid}, it holds ${formatCaps(presentOf(entry.literal))}`
    : `${target.label} is shown not to hold ${formatCaps(asked)} on cid ${cid}, it holds ${formatCaps(presentOf(entry.literal))}`;
  const check = step.checks.fail(aspect, text, target, model.caps.cpuOf(cid));
  check.began = Math.max(entry.writeSeq, entry.refusedSeq);
  check.caps = asked;
  if (shown && aspect === 'cap-initial-empty') step.checks.fail('cap-writer', text, target, model.caps.cpuOf(cid));
}

function surplus(
  event: TraceEvent,
  target: Sched,
  own: { readonly born: boolean; readonly granted: boolean },
  entry: { readonly literal: number; readonly refused: number; readonly writer: number },
  asked: number,
): string {
  // Held by implication only: the query is about literal capabilities.
  if (event.step !== 'sysfs' && (presentOf(closureCell(entry.literal)) & asked) !== 0) return 'query-literal';
  if ((entry.refused & asked) !== 0) return 'grant-all-or-nothing';
  if (target.level > 0 && own.born && !own.granted) return 'cap-initial-empty';
  if (entry.writer === WRITER_REVOKE) return 'revoke-subtree';
  return 'cap-writer';
}

function shortage(
  event: TraceEvent,
  target: Sched,
  own: { readonly revokedSeq: number },
  entry: { readonly writeSeq: number },
): string {
  if (target.isRoot) return 'cap-root-full';
  // A revoke has passed since that did not name this cid, or not this capability.
  if (own.revokedSeq > entry.writeSeq) return 'revoke-scope';
  return event.step === 'sysfs' ? 'cap-writer' : 'query-literal';
}
