// The JSON shape of a trace header, and its conversion from and to the header that the program works with.
import { CpuMask } from './cpu-mask.ts';
import type { ExpectationJson } from './expectation.ts';
import { emptyHeader, TRACE_FORMAT, type TraceHeader } from './header.ts';
import { type EventName, recordedFromNames } from './recorded.ts';
import { parseInteger } from './u64.ts';

/** A 64-bit value in JSON: a number while it is exact, decimal or `0x` text. */
export type WideJson = number | string;

/** Shape of the header in JSON; `header-schema.ts` describes each key. */
export interface HeaderJson {
  format: typeof TRACE_FORMAT;
  comment?: string | undefined;
  kernel?: string | undefined;
  clock?: string | undefined;
  clock_error_ns?: number | undefined;
  hz?: number | undefined;
  cpus?:
    | {
        possible?: string | undefined;
        online?: string | undefined;
        topology?:
          | {
              cpu: number;
              node?: number | undefined;
              package?: number | undefined;
              core?: number | undefined;
              siblings?: string | undefined;
              llc?: string | undefined;
              capacity?: number | undefined;
            }[]
          | undefined;
      }
    | undefined;
  sched_classes?: Record<string, WideJson> | undefined;
  params?: Record<string, string> | undefined;
  cgroups?: Record<string, string> | undefined;
  sched_ext_state?: string | undefined;
  hotplug_seq?: WideJson | undefined;
  schedulers?:
    | {
        sched: WideJson;
        name?: string | undefined;
        level?: number | undefined;
        ops_flags?: WideJson | undefined;
        ops?: string[] | undefined;
        max_batch?: number | undefined;
        timeout_ms?: number | undefined;
        cgroup?: WideJson | undefined;
        path?: string | undefined;
        cid_form?: boolean | undefined;
        parent?: WideJson | undefined;
      }[]
    | undefined;
  tasks?:
    | {
        pid: number;
        tgid?: number | undefined;
        comm?: string | undefined;
        cpus?: string | undefined;
        policy?: number | undefined;
        nice?: number | undefined;
        rt_prio?: number | undefined;
        flags?: number | undefined;
        cpu?: number | undefined;
        weight?: number | undefined;
        vtime?: WideJson | undefined;
        cgroup?: string | undefined;
        sched?: WideJson | undefined;
      }[]
    | undefined;
  recorded?: EventName[] | undefined;
  may_be_filtered?: boolean | undefined;
  starts_mid_run?: boolean | undefined;
  features?: string[] | undefined;
  losses?: { cpu: number; overrun: number; dropped: number }[] | undefined;
  domain?: string | Record<string, unknown> | undefined;
  expect?: ExpectationJson | undefined;
}

const mask = (list: string): CpuMask => CpuMask.fromList(list) ?? new CpuMask();
const big = (value: number | string): bigint =>
  typeof value === 'number' ? BigInt(value) : (parseInteger(value) ?? 0n);
const number = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;

/** Drops keys whose value is undefined, for exact optional properties. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
function defined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<Defined<T>>;
}

export function headerFromJson(json: HeaderJson): TraceHeader {
  const header = emptyHeader();
  Object.assign(
    header,
    defined({
      comment: json.comment,
      kernel: json.kernel,
      clock: json.clock,
      clockErrorNs: json.clock_error_ns,
      hz: json.hz,
      schedExtState: json.sched_ext_state,
      mayBeFiltered: json.may_be_filtered,
      startsMidRun: json.starts_mid_run,
      domain: json.domain,
    }),
  );
  if (json.cpus?.possible !== undefined) header.possible = mask(json.cpus.possible);
  if (json.cpus?.online !== undefined) header.online = mask(json.cpus.online);
  header.cpus = (json.cpus?.topology ?? []).map((entry) => ({
    cpu: entry.cpu,
    ...defined({
      node: entry.node,
      package: entry.package,
      core: entry.core,
      siblings: entry.siblings === undefined ? undefined : mask(entry.siblings),
      llc: entry.llc === undefined ? undefined : mask(entry.llc),
      capacity: entry.capacity,
    }),
  }));
  header.schedClasses = new Map(Object.entries(json.sched_classes ?? {}).map(([name, value]) => [name, big(value)]));
  header.params = new Map(Object.entries(json.params ?? {}));
  header.cgroups = new Map(Object.entries(json.cgroups ?? {}).map(([id, path]) => [parseInteger(id) ?? 0n, path]));
  if (json.hotplug_seq !== undefined) header.hotplugSeq = big(json.hotplug_seq);
  header.schedulers = (json.schedulers ?? []).map((entry) => ({
    sched: big(entry.sched),
    ...defined({
      name: entry.name,
      level: entry.level,
      opsFlags: entry.ops_flags === undefined ? undefined : big(entry.ops_flags),
      ops: entry.ops,
      maxBatch: entry.max_batch,
      timeoutMs: entry.timeout_ms,
      cgroup: entry.cgroup === undefined ? undefined : big(entry.cgroup),
      path: entry.path,
      cidForm: entry.cid_form,
      parent: entry.parent === undefined ? undefined : big(entry.parent),
    }),
  }));
  header.tasks = (json.tasks ?? []).map((entry) => ({
    pid: entry.pid,
    ...defined({
      tgid: entry.tgid,
      comm: entry.comm,
      cpus: entry.cpus === undefined ? undefined : mask(entry.cpus),
      policy: entry.policy,
      nice: entry.nice,
      rtPrio: entry.rt_prio,
      flags: entry.flags,
      cpu: entry.cpu,
      weight: entry.weight,
      vtime: entry.vtime === undefined ? undefined : big(entry.vtime),
      cgroup: entry.cgroup,
      sched: entry.sched === undefined ? undefined : big(entry.sched),
    }),
  }));
  if (json.recorded !== undefined) header.recorded = recordedFromNames(json.recorded);
  header.features = new Set(json.features ?? []);
  header.losses = json.losses ?? [];
  if (json.expect !== undefined) header.expect = json.expect;
  return header;
}

export function headerToJson(header: TraceHeader): HeaderJson {
  const topology = header.cpus.map((entry) => ({
    ...entry,
    siblings: entry.siblings?.toString(),
    llc: entry.llc?.toString(),
  }));
  const cpus = {
    possible: header.possible?.toString(),
    online: header.online?.toString(),
    topology: topology.length === 0 ? undefined : topology,
  };
  const record = <K, V, W>(map: ReadonlyMap<K, V>, convert: (value: V) => W): Record<string, W> | undefined =>
    map.size === 0 ? undefined : Object.fromEntries([...map].map(([key, value]) => [String(key), convert(value)]));
  const wideOrNothing = (value: bigint | undefined): number | string | undefined =>
    value === undefined ? undefined : number(value);
  const json: HeaderJson = {
    format: TRACE_FORMAT,
    comment: header.comment,
    kernel: header.kernel,
    clock: header.clock,
    clock_error_ns: header.clockErrorNs === 0 ? undefined : header.clockErrorNs,
    hz: header.hz,
    cpus: Object.values(cpus).every((value) => value === undefined) ? undefined : cpus,
    sched_classes: record(header.schedClasses, (address) => `0x${address.toString(16)}`),
    params: record(header.params, (value) => value),
    cgroups: record(header.cgroups, (path) => path),
    sched_ext_state: header.schedExtState,
    hotplug_seq: wideOrNothing(header.hotplugSeq),
    schedulers:
      header.schedulers.length === 0
        ? undefined
        : header.schedulers.map((entry) => ({
            sched: number(entry.sched),
            name: entry.name,
            level: entry.level,
            ops_flags: wideOrNothing(entry.opsFlags),
            ops: entry.ops === undefined ? undefined : [...entry.ops],
            max_batch: entry.maxBatch,
            timeout_ms: entry.timeoutMs,
            cgroup: wideOrNothing(entry.cgroup),
            path: entry.path,
            cid_form: entry.cidForm,
            parent: wideOrNothing(entry.parent),
          })),
    tasks:
      header.tasks.length === 0
        ? undefined
        : header.tasks.map((entry) => ({
            pid: entry.pid,
            tgid: entry.tgid,
            comm: entry.comm,
            cpus: entry.cpus?.toString(),
            policy: entry.policy,
            nice: entry.nice,
            rt_prio: entry.rtPrio,
            flags: entry.flags,
            cpu: entry.cpu,
            weight: entry.weight,
            vtime: wideOrNothing(entry.vtime),
            cgroup: entry.cgroup,
            sched: wideOrNothing(entry.sched),
          })),
    recorded: header.recorded === undefined ? undefined : [...header.recorded],
    may_be_filtered: header.mayBeFiltered,
    starts_mid_run: header.startsMidRun,
    features: header.features.size === 0 ? undefined : [...header.features],
    losses: header.losses.length === 0 ? undefined : header.losses.map((loss) => ({ ...loss })),
    domain: header.domain === undefined || typeof header.domain === 'string' ? header.domain : { ...header.domain },
    expect: header.expect,
  };
  return JSON.parse(JSON.stringify(json)) as HeaderJson;
}
