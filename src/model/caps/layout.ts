// The cid space: the layout that is published, an override that is asked for, and what every layout must keep to.
import type { CidLayout, CidTopo, Shard } from '../../kernel/cid-layout.ts';
import { checkCidLayout, type LayoutInvariant, layoutDifference } from '../../kernel/cid-layout-check.ts';
import { type CidOverride, checkCidOverride, overrideCidLayout } from '../../kernel/cid-override.ts';
import { cidTopology } from '../../kernel/cid-topology.ts';
import { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';

const INVARIANTS: readonly LayoutInvariant[] = ['cid-bijection', 'cid-shards-partition', 'cid-topo-consistent'];

export function mapCids(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  step.sched = model.root ?? model.attaching;
  switch (event.step) {
    case 'override':
      override(model, event, step);
      break;
    case 'publish':
      publish(model, event, step);
      break;
    case 'retire':
      caps.layout = undefined;
      caps.layoutShown = false;
      caps.overridden = NO;
      caps.acceptedOverride = undefined;
      break;
    default:
      if (event.target >= 0 && event.cid >= 0) placeCid(model, event, step);
  }
}

/** scx_bpf_cid_override(): a failing check is an error of the root scheduler and changes nothing. */
function override(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  if (event.phase === 'end') return;
  const possible = [...(model.header.possible ?? [])];
  if (!event.has('cpu_to_cid') || !event.has('shard_start') || possible.length === 0) {
    caps.overridden = UNKNOWN;
    caps.acceptedOverride = undefined;
    if (!caps.layoutShown) caps.layout = undefined;
    return;
  }
  const asked: CidOverride = { cpuToCid: numbers(event.cpu_to_cid), shardStart: numbers(event.shard_start) };
  const error = checkCidOverride(asked, possible);
  if (error !== undefined) {
    raise(model, step, error.site, {
      sched: step.sched,
      args: error.args,
      text: 'an override of the cid layout is not valid',
    });
    return;
  }
  caps.overridden = YES;
  caps.acceptedOverride = asked;
  const layout = overrideCidLayout(asked, possible, nodeLookup(model));
  if (!caps.layoutShown) caps.layout = layout;
}

function nodeLookup(model: Model): (cpu: number) => number {
  return cidTopology(model.header, new CpuMask())?.nodeOf ?? (() => -1);
}

function publish(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { checks } = step;
  if (!event.has('cpu_to_cid') || !event.has('shard_start')) {
    for (const invariant of INVARIANTS) checks.open(invariant, 'the layout is not in the recording', step.sched);
    if (caps.overridden === UNKNOWN) caps.layout = undefined;
    return;
  }
  const layout = layoutOf(event);
  const possible = [...(model.header.possible ?? layout.cidToCpu.toSorted((a, b) => a - b))];
  const problems = checkCidLayout(layout, possible);
  for (const invariant of INVARIANTS) {
    if (invariant === 'cid-topo-consistent' && layout.topo === undefined) continue;
    const found = problems.filter((problem) => problem.invariant === invariant);
    if (found.length === 0) checks.pass(invariant, step.sched);
    else checks.fail(invariant, found.map((problem) => problem.text).join('; '), step.sched);
  }
  if (caps.layoutShown && caps.layout !== undefined) {
    const changed = layoutDifference(layout, caps.layout);
    if (changed === undefined) checks.pass('cid-layout-stable', step.sched);
    else checks.fail('cid-layout-stable', `the published layout changed: ${changed}`, step.sched);
  } else {
    compareWithExpected(model, event, step, layout);
  }
  caps.layout = layout;
  caps.layoutShown = true;
}

function compareWithExpected(model: Model, event: TraceEvent, step: Step, layout: CidLayout): void {
  const { caps } = model;
  const { checks } = step;
  if (caps.overridden === UNKNOWN) {
    checks.open('cid-layout-override', 'the arguments of an override were not recorded', step.sched);
    return;
  }
  const aspect = caps.overridden === YES ? 'cid-layout-override' : 'cid-layout-default';
  if (caps.overridden === NO) {
    caps.layout = undefined;
    caps.deriveLayout(model.cpus, event.shard_size);
  }
  if (caps.layout === undefined) {
    checks.open(aspect, 'the topology at the enable is not known', step.sched);
    return;
  }
  const difference = layoutDifference(layout, caps.layout);
  if (difference === undefined) checks.pass(aspect, step.sched);
  else checks.fail(aspect, difference, step.sched);
}

/** The cid of one CPU, recorded on its own. */
function placeCid(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  if (caps.layout === undefined) {
    caps.learnCid(event.cid, event.target);
    return;
  }
  const cpu = caps.layout.cidToCpu[event.cid] ?? -1;
  if (cpu === event.target) step.checks.pass('cid-layout-stable', step.sched, event.target);
  else
    step.checks.fail(
      'cid-layout-stable',
      `cid ${event.cid} is CPU ${event.target}, in the layout it is CPU ${cpu}`,
      step.sched,
      event.target,
    );
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

/** The layout as the event spells it. */
function layoutOf(event: TraceEvent): CidLayout {
  const cpuToCid = numbers(event.cpu_to_cid);
  const nrCids = cpuToCid.filter((cid) => cid >= 0).length;
  const cidToCpu = new Array<number>(nrCids).fill(-1);
  for (const [cpu, cid] of cpuToCid.entries()) if (cid >= 0) cidToCpu[cid] = cpu;
  const starts = event.shard_start === '' ? [0] : numbers(event.shard_start);
  const shards: Shard[] = starts.map((base, i) => ({ base, nr: (starts[i + 1] ?? nrCids) - base, node: -1 }));
  const shardOf = cidToCpu.map((_, cid) => starts.findLastIndex((base) => base <= cid));
  return { cidToCpu, cpuToCid, shards, shardOf, topo: event.has('cid_topo') ? topoOf(event.cid_topo) : undefined };
}

function topoOf(text: string): CidTopo[] {
  return text.split(';').map((entry) => {
    const [
      coreCid = -1,
      coreIdx = -1,
      llcCid = -1,
      llcIdx = -1,
      nodeCid = -1,
      nodeIdx = -1,
      shardCid = -1,
      shardIdx = -1,
    ] = numbers(entry);
    return { coreCid, coreIdx, llcCid, llcIdx, nodeCid, nodeIdx, shardCid, shardIdx };
  });
}

/** A cid that an event names must exist. False when it does not, or that is not known. */
export function isCid(model: Model, step: Step, cid: number): boolean {
  const { nrCids } = model.caps;
  if (nrCids < 0 || cid < 0) return false;
  if (cid < nrCids) {
    step.checks.pass('cid-range', step.sched);
    return true;
  }
  step.checks.fail('cid-range', `cid ${cid} is named, there are ${nrCids}`, step.sched);
  return false;
}
