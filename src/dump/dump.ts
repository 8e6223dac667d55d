// What a debug dump says, as data: every field typed, and undefined where the text does not say it.
import type { CpuMask } from '../trace/cpu-mask.ts';

/** A scheduler as dumps name it: the root, or the sub-scheduler of a cgroup. */
export interface SchedRef {
  /** 0 is the root. */
  readonly level: number;
  /** Cgroup id of a sub-scheduler. */
  readonly cgroup: bigint | undefined;
}

export interface DumpOwner extends SchedRef {
  readonly name: string;
  /** Cgroup path of a sub-scheduler. */
  readonly path: string | undefined;
}

export interface TaskName {
  comm: string;
  pid: number;
}

/** What made the kernel take the dump. */
export type DumpTrigger =
  | { readonly kind: 'sysrq'; readonly by: string | undefined }
  | {
      readonly kind: 'exit';
      /** Task that was current when the dump was taken: usually, not always, the culprit. */
      readonly task: TaskName | undefined;
      readonly exitKind: number | undefined;
      /** CPU that executed the failing check (7.2+). */
      readonly exitCpu: number | undefined;
      /** The header has the words ` on CPU `; undefined when it is cut. */
      readonly namesCpu: boolean | undefined;
    };

/** One task of a run queue, as it was under the lock of that run queue. */
export interface DumpTask {
  line: number;
  /** Marker `*`: it was the task that the CPU executed; false: it was waiting. */
  current: boolean | undefined;
  /** Task state letter, such as R. */
  state: string | undefined;
  comm: string | undefined;
  pid: number | undefined;
  /** It belongs to the dumped scheduler (7.1+). */
  own: boolean | undefined;
  owner: SchedRef | undefined;
  /** `runnable_at - now`, ms: negative is how long it has been runnable. */
  runnableDelta: number | undefined;
  scxState: number | undefined;
  flags: number | undefined;
  dsqFlags: number | undefined;
  opsState: number | undefined;
  qseq: bigint | undefined;
  stickyCpu: number | undefined;
  holdingCpu: number | undefined;
  /** DSQ that the task is on; null: on none. */
  dsq: bigint | null | undefined;
  vtime: bigint | undefined;
  slice: bigint | undefined;
  weight: number | undefined;
  cpus: CpuMask | undefined;
  /** Hexadecimal digits of the printed mask: 4 CPUs each. */
  cpusDigits: number;
  noMig: number | undefined;
  /** Fields that this program does not know, as text. */
  extra: Record<string, string>;
  /** Where the fields stood: the shape tells the release. */
  shape: TaskShape;
  /** Lines of ops.dump_task(). */
  ops: string[];
  stack: string[];
}

export interface TaskShape {
  /** dsq_vtime stands in the line of dsq_id (up to 6.13). */
  vtimeBesideDsq: boolean;
  /** There is a line dsq_vtime= slice= weight=. */
  vtimeLine: boolean;
  /** The line of cpus= is complete, so that the absence of no_mig means something. */
  cpusLine: boolean;
  /** The first line is complete, so that the absence of an owner means something. */
  headLine: boolean;
}

export type KickMask = 'cpus_to_kick' | 'idle_to_kick' | 'cpus_to_preempt' | 'cpus_to_wait' | 'cpus_to_sync';

/** One CPU. Everything in it was read under the lock of its run queue, at one moment; other CPUs at other moments. */
export interface DumpCpu {
  line: number;
  cpu: number;
  nrRun: number | undefined;
  flags: number | undefined;
  cpuReleased: boolean | undefined;
  opsQseq: bigint | undefined;
  pntSeq: bigint | undefined;
  ksync: bigint | undefined;
  /** The first line is complete. */
  lineComplete: boolean;
  /** Tasks parked for rescue (7.3). */
  rescue: number | undefined;
  rescueBudgetUs: number | undefined;
  /** Task being rescued; null: nobody. */
  rescuing: TaskName | null | undefined;
  curr: TaskName | undefined;
  /** Symbol of the scheduling class, or an address when the kernel knew no symbol. */
  currClass: string | undefined;
  masks: { name: KickMask; cpus: CpuMask }[];
  extra: Record<string, string>;
  /** Lines of ops.dump_cpu(). */
  ops: string[];
  tasks: DumpTask[];
}

export interface DumpCounter {
  readonly name: string;
  readonly value: bigint;
}

/** `marker`: the kernel's buffer was full; `cut`: the text ends, or lacks what every dump of its kind ends with. */
export type Truncation = 'marker' | 'cut';

export interface UnknownLine {
  readonly line: number;
  readonly text: string;
}

export interface Dump {
  /** First and last line in the input. */
  line: number;
  lastLine: number;
  owner: DumpOwner | undefined;
  trigger: DumpTrigger | undefined;
  reason: string | undefined;
  message: string | undefined;
  /** The message ends where the text does. */
  messageCut: boolean;
  backtrace: string[];
  /** Lines of ops.dump(). */
  ops: string[];
  cpus: DumpCpu[];
  counters: DumpCounter[];
  /** The heading of the counters is there. */
  countersShown: boolean;
  /** Something stands behind the last CPU: the section of CPUs is complete. */
  cpusComplete: boolean;
  truncated: Truncation | undefined;
  /** What follows is what tools print behind a whole dump. */
  closed: boolean;
  /** The beginning is missing. */
  headless: boolean;
  unknown: UnknownLine[];
}

/** A line `EXIT: REASON (MSG) on CPU N` of a user-space tool. */
export interface UserExit {
  readonly line: number;
  readonly reason: string;
  readonly message: string;
  readonly messageCut: boolean;
  readonly exitCpu: number | undefined;
  readonly namesCpu: boolean;
}

/** A line of the kernel log. */
export interface LogLine {
  readonly line: number;
  readonly kind: 'enabled' | 'disabled' | 'message' | 'stack-dump' | 'other';
  /** Scheduler name, '' when the line has none. */
  readonly name: string;
  readonly sub: boolean;
  /** Reason of `disabled`, text of `message` and `other`. */
  readonly text: string;
  readonly partial: boolean;
  /** State of a `stack-dump` line, such as `enabled+all`; runnable_at in ms relative to now. */
  readonly state: string;
  readonly runnableDelta: number | undefined;
  readonly stack: string[];
}

/** Counters read outside a dump: sysfs `events`, or a tool's print of them. */
export interface CounterSet {
  readonly line: number;
  /** Path of the file, '' when the text does not name it. */
  readonly path: string;
  readonly counters: DumpCounter[];
}

/** Files of /sys/kernel/sched_ext, or the table of the kernel's state script. */
export interface StateValue {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

export interface LineCounts {
  readonly total: number;
  /** Lines of dumps that were understood. */
  readonly dump: number;
  /** Lines of the kernel log, EXIT lines, counters, state. */
  readonly other: number;
  /** Frames, fences, rules and blank lines around dumps. */
  readonly decoration: number;
  /** Lines inside dumps that were not understood; they are kept. */
  readonly unknown: number;
  /** Lines inside dumps that belong to somebody else, such as another process in the journal. */
  readonly foreign: number;
  /** Lines outside dumps that mean nothing to this program. */
  readonly outside: number;
}

/** How the text had been changed on its way from the kernel. */
export interface Decoration {
  readonly reversed: boolean;
  readonly html: boolean;
  /** Lines were broken: at blanks, or at a column. */
  readonly wrapped: 'no' | 'words' | 'columns';
  /** Beginnings of lines that were taken off, digits as 0. */
  readonly prefixes: readonly string[];
}

export interface ParsedText {
  readonly dumps: readonly Dump[];
  readonly exits: readonly UserExit[];
  readonly log: readonly LogLine[];
  readonly counterSets: readonly CounterSet[];
  readonly state: readonly StateValue[];
  readonly lines: LineCounts;
  readonly decoration: Decoration;
}
