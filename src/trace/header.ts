// The header of a trace: what is known before the first event, and what the recording can and cannot show.
import type { CpuMask } from './cpu-mask.ts';
import type { ExpectationJson } from './expectation.ts';
import type { RecordedSet } from './recorded.ts';

/** Version of the canonical trace format that this program writes. */
export const TRACE_FORMAT = 'scx-trace@1';

export interface CpuInfo {
  readonly cpu: number;
  readonly node?: number;
  readonly package?: number;
  readonly core?: number;
  /** SMT siblings, itself included. */
  readonly siblings?: CpuMask;
  /** CPUs that share the last-level cache, itself included. */
  readonly llc?: CpuMask;
  readonly capacity?: number;
}

export interface TaskInfo {
  readonly pid: number;
  readonly tgid?: number;
  readonly comm?: string;
  /** Effective affinity at the start. */
  readonly cpus?: CpuMask;
  readonly policy?: number;
  readonly nice?: number;
  readonly rtPrio?: number;
  /** PF_* bits. */
  readonly flags?: number;
  /** CPU it last ran on. */
  readonly cpu?: number;
  readonly weight?: number;
  readonly vtime?: bigint;
  readonly cgroup?: string;
  /** Scheduler instance that owns it. */
  readonly sched?: bigint;
}

export interface SchedInfo {
  readonly sched: bigint;
  readonly name?: string;
  readonly level?: number;
  readonly opsFlags?: bigint;
  /** Names of the implemented callbacks, without `ops.`. */
  readonly ops?: readonly string[];
  readonly maxBatch?: number;
  readonly timeoutMs?: number;
  readonly cgroup?: bigint;
  readonly path?: string;
  readonly cidForm?: boolean;
  readonly parent?: bigint;
}

export interface TraceHeader {
  /** Free text of the author. */
  comment?: string;
  /** Kernel release, as uname prints it. */
  kernel?: string;
  /** Trace clock. */
  clock?: string;
  /** Bound of the difference between the clocks of two CPUs, ns; 0 when they are one clock. */
  clockErrorNs: number;
  /** Jiffies per second. */
  hz?: number;
  possible?: CpuMask;
  online?: CpuMask;
  cpus: readonly CpuInfo[];
  /** Address of each sched_class by name (`ext`, `fair`, `rt`, `dl`, `stop`, `idle`). */
  schedClasses: ReadonlyMap<string, bigint>;
  /** Module parameters of sched_ext. */
  params: ReadonlyMap<string, string>;
  /** Cgroup paths by id. */
  cgroups: ReadonlyMap<bigint, string>;
  /** State of sched_ext when the snapshot was taken: `enabled`, `disabled` … */
  schedExtState?: string;
  hotplugSeq?: bigint;
  schedulers: readonly SchedInfo[];
  tasks: readonly TaskInfo[];
  /** Event types (and steps) that the recording would hold if they had occurred; undefined: unknown, those that occur. */
  recorded?: RecordedSet;
  /** Whoever recorded may have left out events of some tasks: a gap proves nothing. */
  mayBeFiltered?: boolean;
  /** The trace begins while a scheduler is loaded (undefined: not known). */
  startsMidRun?: boolean;
  /** Features of the kernel seen in the recording itself, such as `tracepoint:sched_ext_exit`. */
  features: ReadonlySet<string>;
  /** How the recorded scheduler keeps vtime: name of a built-in description, or a description. */
  domain?: string | Readonly<Record<string, unknown>>;
  /** Per-CPU losses that the recording itself declares, by CPU. */
  losses: readonly { readonly cpu: number; readonly overrun: number; readonly dropped: number }[];
  /** What the author expects of a replay. */
  expect?: ExpectationJson;
}

export function emptyHeader(): TraceHeader {
  return {
    clockErrorNs: 0,
    cpus: [],
    schedClasses: new Map(),
    params: new Map(),
    cgroups: new Map(),
    schedulers: [],
    tasks: [],
    features: new Set(),
    losses: [],
  };
}
