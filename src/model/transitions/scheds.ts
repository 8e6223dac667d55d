// Transitions of scheduler instances: attach, detach, exit, bypass.
import { EXIT_KIND } from '../../kernel/exit.ts';
import { DSP_DFL_MAX_BATCH } from '../../kernel/limits.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toSignedBigInt } from '../../trace/u64.ts';
import { LbPass, noteLbTimer } from '../bypass-lb.ts';
import { isPlaced } from '../caps/tree.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { mayLieBelow, NO, type Sched, UNKNOWN, YES } from '../sched.ts';
import { checkStall, hzFromTimeout } from '../stall.ts';
import { UNDECIDED } from '../step.ts';
import { placeBuiltin } from './dsq.ts';

export const schedTransitions: Transitions = {
  sched_attach(model, event, step) {
    const sched = model.schedOf(event);
    step.sched = sched;
    if (event.step === 'root_enable' || event.step === 'sub_enable') {
      model.attaching = undefined;
      model.unowned = [];
      model.allocating = event.phase === 'begin' && model.records('sched_attach:alloc');
    }
    if (sched === undefined) return;
    if (!sched.linked && model.records('sched_exit')) sched.mayAbort = false;
    learnSched(event, sched);
    settleLevel(model, sched);
    if (model.hz === 0) model.hz = hzFromTimeout(sched);
    if (event.step === 'alloc' || event.step === '') {
      sched.setBypassingEverywhere(NO);
      sched.bypassDepth = 0;
      adopt(model, sched);
      sched.sinceSeq = event.seq;
      if (event.step === 'alloc') return;
    }
    if (model.attaching !== undefined && model.attaching !== sched) model.attaching = undefined;
    sched.linked = true;
    sched.linkSeq = event.seq;
    if (sched.bypassDepth < 0) {
      sched.setBypassingEverywhere(NO);
      sched.bypassDepth = 0;
    }
    if (sched.level === 0) {
      if (model.root === undefined) model.emptyLocalDsqs();
      model.root = sched;
      model.unloadRequest = 0;
    }
  },

  sched_detach(model, event, step) {
    const sched = model.schedOf(event);
    step.sched = sched;
    if (event.step === 'unreg') model.unloadRequest = EXIT_KIND.UNREG;
    else if (event.step === 'sysrq') model.unloadRequest = EXIT_KIND.SYSRQ;
    if (sched === undefined) return;
    if (event.step === 'unlink') {
      sched.linked = false;
      sched.gone = true;
      if (model.root === sched) model.root = undefined;
    } else if (event.step === 'root_disable' || event.step === 'sub_disable') {
      claimBeforeDisable(model, event, sched);
    }
  },

  sched_exit(model, event, step) {
    const sched = model.schedOf(event);
    step.sched = sched;
    if (sched === undefined) {
      // It may be any of them.
      for (const other of model.scheds) {
        other.mayAbort = true;
        other.claiming = true;
      }
      return;
    }
    switch (event.step) {
      case 'error':
        // The first error that is reached wins, unless another exit was claimed before.
        if (sched.errorKind === 0) {
          sched.errorFmt = event.fmt;
          sched.errorKind = event.exit_kind;
          sched.errorSeq = event.seq;
          sched.errorTime = event.t;
          sched.errorCpu = event.cpu;
        }
        sched.claiming = true;
        checkStall(model, event, step);
        break;
      case 'claim':
        // Even a claim that fails shows that one is under way: from here on the instance may be aborting.
        sched.claiming = true;
        if (event.phase === '' || (event.phase === 'end' && event.ret > 0))
          claim(event, sched, event.exit_kind, event.seq, event.t);
        break;
      case 'message':
        if (sched.exit === undefined) claim(event, sched, event.exit_kind, event.seq, event.t);
        if (sched.exit !== undefined) {
          if (event.has('msg')) sched.exit.message = event.msg;
          sched.exit.code = toSignedBigInt(event.code_hi, event.code_lo);
          sched.exit.exitCpu = event.exit_cpu;
        }
        break;
      case '':
        claim(event, sched, event.exit_kind, event.seq, event.t);
        if (sched.exit !== undefined && event.has('msg')) sched.exit.message = event.msg;
        break;
      default:
    }
  },

  bypass_lb(model, event, step) {
    const cpu = model.cpu(event.cpu);
    if (event.step === 'timer') {
      cpu.lbPass ??= new LbPass();
      noteLbTimer(model, event);
      cpu.lbPass.begin(model, event);
    } else if (cpu.lbPass?.active === true && event.has('nr_cpus') && event.has('nr_tasks')) {
      const verdict = cpu.lbPass.judge(model, event);
      step.outcome = verdict.outcome;
      step.reason = verdict.reason;
    } else step.outcome = UNDECIDED;
  },

  watchdog(model, event, step) {
    checkStall(model, event, step);
  },

  dump(model, event) {
    readDumpLine(model, event.text);
  },

  bypass(model, event, step) {
    const sched = model.schedOf(event);
    step.sched = sched;
    if (sched === undefined || event.step === 'dsp_disable') return;
    const delta = event.bypass ? 1 : -1;
    sched.bypassSeq = event.seq;
    sched.bypassTime = event.t;
    if (event.phase === 'begin') model.bypassCalls++;
    else if (event.phase === 'end' && model.bypassCalls > 0) model.bypassCalls--;
    if (event.phase === 'end') {
      const depth = event.has('depth') ? event.depth : sched.bypassDepth;
      // Calls wait for each other inside: while another one is under way, its own work may be done or not.
      const settled = model.bypassCalls === 0;
      for (const member of sched.subtree()) {
        if (member === sched) member.bypassDepth = depth;
        if (member.bypassDepth >= 0 && settled) member.setBypassingEverywhere(member.bypassDepth > 0 ? YES : NO);
      }
      return;
    }
    if (!event.has('bypass')) {
      forgetUnplaced(model, sched);
      for (const member of sched.subtree()) {
        member.bypassDepth = -1;
        member.setBypassingEverywhere(UNKNOWN);
      }
      return;
    }
    const before = event.has('depth') ? event.depth : sched.bypassDepth;
    sched.bypassDepth = before < 0 ? -1 : before + delta;
    const flips = before < 0 || (event.bypass ? before === 0 : before === 1);
    if (!flips) return;
    if (event.bypass) model.lbArmed = event.t;
    forgetUnplaced(model, sched);
    for (const member of sched.subtree()) {
      if (member !== sched && member.bypassDepth >= 0) member.bypassDepth += delta;
      // Flags flip CPU by CPU, each under its rq lock, between begin and end.
      const settled = event.phase === '' && member.bypassDepth >= 0;
      member.setBypassingEverywhere(settled ? (member.bypassDepth > 0 ? YES : NO) : UNKNOWN);
    }
  },
};

/** Instances of which nobody knows where they sit may be switched along. */
function forgetUnplaced(model: Model, sched: Sched): void {
  for (const other of model.scheds) {
    if (other === sched || other.gone || isPlaced(other) || !mayLieBelow(other, sched)) continue;
    other.bypassDepth = -1;
    other.setBypassingEverywhere(UNKNOWN);
  }
}

/** DSQs made before the instance had an id are its own: scx_alloc_and_add_sched() initialises them first. */
function adopt(model: Model, sched: Sched): void {
  for (const dsq of model.unowned) {
    dsq.sched = sched;
    if (!dsq.isUser) placeBuiltin(model, dsq, sched);
  }
  model.unowned = [];
  model.allocating = false;
  model.attaching = sched;
  sched.dsqsKnown = true;
}

/** The exit is claimed: this instance and everything below it aborts. */
function claim(event: TraceEvent, sched: Sched, kind: number, seq: number, time: number, cpu = event.cpu): void {
  if (sched.exit !== undefined) return;
  sched.exit = {
    kind,
    code: event.has('code') ? toSignedBigInt(event.code_hi, event.code_lo) : 0n,
    exitCpu: event.has('exit_cpu') ? event.exit_cpu : -1,
    fmt: kind === sched.errorKind ? sched.errorFmt : '',
    message: sched.dumpMessage,
    claimSeq: seq,
    claimTime: time,
    claimCpu: cpu,
  };
  for (const member of sched.subtree()) member.aborting = true;
}

/**
 * Kernels whose claim cannot be probed (up to 7.2): when the disable work begins, the claim was made by the first error,
 * or by the request to unload.
 */
function claimBeforeDisable(model: Model, event: TraceEvent, sched: Sched): void {
  if (sched.exit !== undefined) return;
  if (model.header.recorded?.has('sched_exit:claim') === true) {
    // It was claimed before the trace began, or in a loss, by nobody knows whom.
    for (const member of sched.subtree()) member.aborting = true;
  } else if (sched.errorKind !== 0)
    claim(event, sched, sched.errorKind, sched.errorSeq, sched.errorTime, sched.errorCpu);
  else if (model.unloadRequest !== 0) claim(event, sched, model.unloadRequest, event.seq, event.t);
}

/** Without a level in the trace: there is one root scheduler at a time, and whatever comes beside it lies below it. */
function settleLevel(model: Model, sched: Sched): void {
  if (sched.levelKnown || sched.level > 0) return;
  if (model.caps.enablesSub || (model.root !== undefined && model.root !== sched)) sched.level = 1;
  else sched.levelKnown = true;
}

function learnSched(event: TraceEvent, sched: Sched): void {
  if (event.has('name')) sched.name = event.name;
  if (event.has('level')) {
    sched.level = event.level;
    sched.levelKnown = true;
  }
  if (event.has('ops_flags')) {
    sched.opsFlags = event.ops_flags_lo;
    sched.opsFlagsKnown = true;
  }
  if (event.has('max_batch')) sched.maxBatch = event.max_batch > 0 ? event.max_batch : DSP_DFL_MAX_BATCH;
  if (event.has('timeout_ms')) {
    sched.timeoutMs = event.timeout_ms;
    sched.timeoutKnown = true;
  }
  if (event.has('watchdog_timeout')) sched.watchdogJiffies = event.watchdog_timeout_lo >>> 0;
  if (event.has('cgroup')) sched.cgroup.set(event.cgroup_hi, event.cgroup_lo);
  if (event.has('cid_form')) sched.cidForm = event.cid_form;
  if (event.has('path')) sched.path = event.path;
}

/** First line of a dump where there are sub-schedulers: `NAME: root` or `NAME: sub1-28 PATH`. */
const DUMP_OWNER = /^.*: (root|sub\d+-\d+ .*)$/s;
const DUMP_HEADER = /^.*\[-?\d+\] triggered exit kind (\d+)(?: on CPU (-?\d+))?:$/s;

/** The debug dump repeats the exit message in its second line: `  REASON (MESSAGE)`. */
function readDumpLine(model: Model, text: string): void {
  if (model.dumpAwaitsMessage) {
    model.dumpAwaitsMessage = false;
    const { root } = model;
    const message = /^ {2}[^(]*\((.*)\)$/s.exec(text)?.[1];
    if (root !== undefined && message !== undefined) root.dumpMessage ??= message;
    if (root?.exit !== undefined && root.exit.message === undefined && message !== undefined)
      root.exit.message = message;
    return;
  }
  const owner = DUMP_OWNER.exec(text)?.[1];
  if (owner !== undefined) model.dumpOfRoot = owner === 'root';
  if (model.dumpOfRoot && DUMP_HEADER.test(text)) model.dumpAwaitsMessage = true;
}
