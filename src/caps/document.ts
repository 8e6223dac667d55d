// Makes the caps documents: the history of a replay, and the state of the model at one time.
import type {
  CapsCall,
  CapsChange,
  CapsDeedEntry,
  CapsDocument,
  CapsHolding,
  CapsLayout,
  CapsScheduler,
  CapsStateCpu,
  CapsStateDocument,
  CapsStateScheduler,
} from '../findings/caps-document.ts';
import { CAPS_SCHEMA, CAPS_STATE_SCHEMA } from '../findings/caps-document.ts';
import type { ExactNumber, ReplayResult } from '../findings/result.ts';
import { closure, formatCaps } from '../kernel/caps.ts';
import { EXIT_KIND, exitReason } from '../kernel/exit.ts';
import { formatCell, isComplete, presentOf } from '../model/caps/cell.ts';
import type { CpuCaps } from '../model/caps/cpu-caps.ts';
import type { Dsq } from '../model/dsq.ts';
import type { Model } from '../model/model.ts';
import { type Sched, YES } from '../model/sched.ts';
import { exact } from '../replay/evidence.ts';
import { schedId } from '../replay/run.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { type CapsHistory, type DelegationRecord, GONE, type HeldChange } from './history.ts';

type Clock = (t: number) => ExactNumber;

/** Text of a set that a scheduler does not have because it is not there. */
const ABSENT = '';

export function capsDocument(model: Model, history: CapsHistory, result: ReplayResult, timeBase: bigint): CapsDocument {
  const clock: Clock = (t) => exact(timeBase + BigInt(t));
  const { path, kernel, cpus, span_ns: span } = result.trace;
  return {
    schema: CAPS_SCHEMA,
    trace: { path, kernel, cpus },
    start: clock(0),
    end: clock(span),
    layout: layoutOf(model, history),
    schedulers: inTreeOrder(model).map((sched) => schedulerOf(sched, history, clock)),
    changes: changesOf(history.changes, clock),
    calls: history.calls.map((call) => callOf(call, clock)),
    deeds: history.deeds.map(
      (deed): CapsDeedEntry => ({
        ts: clock(deed.t),
        kind: deed.kind,
        sched: idOf(deed.sched),
        cid: deed.cid < 0 ? null : deed.cid,
        cpu: deed.cpu,
        pid: deed.pid < 0 ? null : deed.pid,
        comm: deed.comm === '' ? null : deed.comm,
        missing: deed.missing < 0 ? null : formatCaps(deed.missing),
      }),
    ),
    verdict: result.verdict,
    fidelity: result.fidelity.caps,
    findings: result.findings.filter(({ verdict }) => verdict === 'violation' || verdict === 'possible'),
  };
}

function idOf(sched: Sched | undefined): ExactNumber | null {
  return sched === undefined ? null : schedId(sched);
}

/** Parents before their children, siblings in the order in which they came. */
function inTreeOrder(model: Model): Sched[] {
  const below = (parent: Sched | undefined): Sched[] =>
    model.scheds
      .filter((sched) => (sched.level === 0 ? undefined : sched.parent) === parent)
      .flatMap((sched) => [sched, ...(sched === parent ? [] : below(sched))]);
  const found = below(undefined);
  return [...found, ...model.scheds.filter((sched) => !found.includes(sched))];
}

function schedulerOf(sched: Sched, history: CapsHistory, clock: Clock): CapsScheduler {
  const life = history.life(sched);
  const time = (t: number): ExactNumber | null => (t < 0 ? null : clock(t));
  const { exit } = sched;
  return {
    id: schedId(sched),
    name: sched.name,
    level: sched.level,
    parent: idOf(sched.parent),
    path: sched.path,
    cgroup: exact(sched.cgroup.toBigInt()),
    linked: time(life.linked),
    enabled: time(life.enabled),
    exited: exit === undefined ? null : time(exit.claimTime),
    unlinked: time(life.unlinked),
    exit:
      exit === undefined
        ? null
        : `${exitReason(exit.kind)}${exit.message === undefined || exit.message === '' ? '' : `: ${exit.message}`}`,
  };
}

/** Changes of one scheduler by one event to the same sets become one. */
function changesOf(changes: readonly HeldChange[], clock: Clock): CapsChange[] {
  const merged: { first: HeldChange; cids: CpuMask }[] = [];
  for (const change of changes) {
    const same = merged.findLast(
      ({ first }, i) =>
        i >= merged.length - 8 &&
        first.seq === change.seq &&
        first.sched === change.sched &&
        first.literal === change.literal &&
        first.effective === change.effective,
    );
    if (same === undefined) merged.push({ first: change, cids: CpuMask.of(change.cid) });
    else same.cids.add(change.cid);
  }
  return merged.map(({ first, cids }) => ({
    ts: clock(first.t),
    sched: schedId(first.sched),
    cids: cids.toString(),
    literal: first.literal === GONE ? ABSENT : formatCell(first.literal),
    effective: first.effective === GONE ? ABSENT : formatCell(first.effective),
    pending: pendingIn(first),
  }));
}

/** What the next fold will make of it. */
function pendingIn({ literal, effective }: HeldChange): CapsChange['pending'] {
  if (literal === GONE || !isComplete(literal) || !isComplete(effective)) return null;
  const next = closure(presentOf(literal));
  const now = presentOf(effective);
  if ((next & ~now) !== 0) return 'grant';
  return (now & ~next) !== 0 ? 'revoke' : null;
}

function callOf(call: DelegationRecord, clock: Clock): CapsCall {
  return {
    ts: clock(call.t),
    kind: call.kind,
    caller: idOf(call.caller),
    target: idOf(call.target),
    caps: formatCaps(call.caps),
    cids: call.cids.toString(),
    ret: call.ret ?? null,
    denied: call.denied?.toString() ?? null,
  };
}

/** The layout; it goes with the root scheduler, the history keeps it. */
function layoutOf(model: Model, history?: CapsHistory): CapsLayout {
  const { nrCids } = model.caps;
  const layout = history?.layout ?? model.caps.layout;
  const layoutShown = history?.layoutShown ?? model.caps.layoutShown;
  const shards: CpuMask[] = [];
  for (const [cid, shard] of (layout?.shardOf ?? []).entries()) {
    shards[shard] ??= new CpuMask();
    shards[shard].add(cid);
  }
  return {
    cids: nrCids < 0 ? null : nrCids,
    source: layout === undefined ? 'unknown' : layoutShown ? 'recorded' : 'derived',
    cpus: [...(layout?.cidToCpu ?? [])],
    shards: shards.map((shard) => shard.toString()),
  };
}

/** The state of the model now; `event` is the time of the last event it took, -1 none. */
export function capsState(
  model: Model,
  trace: CapsStateDocument['trace'],
  at: bigint,
  event: number,
  timeBase: bigint,
): CapsStateDocument {
  return {
    schema: CAPS_STATE_SCHEMA,
    trace,
    at: exact(at),
    event: event < 0 ? null : exact(timeBase + BigInt(event)),
    layout: layoutOf(model),
    schedulers: inTreeOrder(model)
      .filter((sched) => sched.linked && !sched.gone)
      .map((sched) => stateOf(model, sched)),
    cpus: model.cpus.filter((cpu) => cpu !== undefined).map((cpu) => stateOfCpu(model, cpu.id)),
  };
}

function stateOf(model: Model, sched: Sched): CapsStateScheduler {
  const own = model.caps.of(sched);
  const exiting = sched.exit !== undefined && sched.exit.kind !== EXIT_KIND.NONE;
  const untold: { shard: number; cids: string; caps: string }[] = [];
  for (const [shard, notice] of own.shards())
    if (notice.caps !== 0) untold.push({ shard, cids: notice.cids.toString(), caps: formatCaps(notice.caps) });
  return {
    id: schedId(sched),
    name: sched.name,
    level: sched.level,
    parent: idOf(sched.parent),
    path: sched.path,
    state: exiting
      ? 'exiting'
      : sched.level === 0 || own.live === YES
        ? 'live'
        : sched === model.caps.enabling
          ? 'being attached'
          : 'unknown',
    bypass: sched.bypassDepth < 0 ? null : sched.bypassDepth,
    holdings: holdingsOf(model, sched),
    untold: model.records('cap_notify') ? untold : null,
  };
}

/** Cids with the same sets together; those on which nothing is held, or known, come in no entry. */
function holdingsOf(model: Model, sched: Sched): CapsHolding[] {
  const own = model.caps.of(sched);
  const told = model.records('cap_notify');
  const groups = new Map<string, { cids: CpuMask; holding: Omit<CapsHolding, 'cids'> }>();
  for (let cid = 0; cid < model.caps.nrCids; cid++) {
    const cpu = model.caps.cpuOf(cid);
    const holding = {
      literal: formatCell(own.cid(cid).literal),
      effective: cpu < 0 ? '?' : formatCell(own.cpu(cpu).effective),
      reported: !told ? null : cpu < 0 ? '?' : formatCell(own.cpu(cpu).reported),
    };
    const key = `${holding.literal} ${holding.effective} ${holding.reported}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { cids: CpuMask.of(cid), holding });
    else group.cids.add(cid);
  }
  return [...groups.values()].map(({ cids, holding }) => ({ cids: cids.toString(), ...holding }));
}

function stateOfCpu(model: Model, id: number): CapsStateCpu {
  const cpu = model.cpu(id);
  const caps: CpuCaps = model.caps.cpu(id);
  const cid = model.caps.cidOf(id);
  const { curr, currPid } = cpu;
  const current = currPid === 0 ? 'idle' : currPid < 0 ? null : curr === undefined ? `pid ${currPid}` : curr.label;
  return {
    cpu: id,
    cid: cid < 0 ? null : cid,
    current,
    owner: currPid > 0 ? idOf(curr?.sched) : null,
    pending: caps.pendingKnown ? caps.pending.map(({ sched }) => schedId(sched)) : null,
    rejected: tasksOn(caps.reject),
    parked: tasksOn(caps.rescue),
    rescuee: caps.rescuee?.label ?? null,
  };
}

function tasksOn(dsq: Dsq | undefined): string[] {
  const labels: string[] = [];
  for (let task = dsq?.head; task !== undefined; task = task.dsqNext) labels.push(task.label);
  return labels;
}
