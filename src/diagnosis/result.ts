// The result document of `scx-check dump`: what a text or a trace says about an exit, as plain data. Its shape is a contract.
import type { CheckVerdict } from '../dump/check.ts';
import type { Decoration, LineCounts, Truncation } from '../dump/dump.ts';
import type { CpuActivity, Place, TimeoutFacts } from '../dump/facts.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExactNumber } from '../findings/result.ts';
import type { Release } from '../kernel/release.ts';

export const DUMP_SCHEMA = 'scx-check/dump@1';

export interface DumpInput {
  readonly path: string;
  readonly form: 'text' | 'trace';
  /** Name of the trace format; null for texts. */
  readonly format: string | null;
  /** Kernel that a trace names. */
  readonly kernel: string | null;
  readonly lines: LineCounts;
  readonly decoration: Decoration;
}

export interface DumpExit {
  /** What tells of it: a dump, the line of a user-space tool, the kernel log, the events of a trace. */
  readonly sources: readonly ('dump' | 'tool' | 'log' | 'trace')[];
  readonly lines: readonly number[];
  /** Places of the lines in a trace; null in texts, where the number says it all. */
  readonly positions: readonly (string | null)[];
  readonly scheduler: string | null;
  readonly kind: number | null;
  readonly reason: string;
  readonly message: string;
  readonly message_cut: boolean;
  readonly cpu: number | null;
  readonly code: string | null;
  readonly code_meaning: string | null;
  /** The kernel ended the scheduler with an error. */
  readonly error: boolean;
  readonly explanation: Explanation | null;
}

export interface DumpTaskRow {
  readonly line: number;
  readonly cpu: number | null;
  readonly current: boolean | null;
  readonly state: string | null;
  readonly comm: string | null;
  readonly pid: number | null;
  readonly owner: string | null;
  readonly own: boolean | null;
  /** Time since it became runnable, ms; for a running task the stamp of its last wait. */
  readonly runnable_ms: number | null;
  readonly place: Place | 'running';
  readonly dsq: string | null;
  readonly scx_state: number | null;
  readonly flags: number | null;
  readonly dsq_flags: number | null;
  readonly ops_state: number | null;
  readonly qseq: ExactNumber | null;
  readonly sticky_cpu: number | null;
  readonly holding_cpu: number | null;
  readonly dsq_vtime: ExactNumber | null;
  readonly slice: ExactNumber | null;
  readonly weight: number | null;
  readonly cpus: string | null;
  readonly no_mig: number | null;
  /** Fields that this program does not know. */
  readonly extra: Readonly<Record<string, string>>;
  readonly ops_dump: readonly string[];
  readonly stack: readonly string[];
}

export interface DumpCpuRow {
  readonly line: number;
  /** Null when the beginning of the block is missing. */
  readonly cpu: number | null;
  readonly activity: CpuActivity;
  readonly nr_run: number | null;
  readonly flags: number | null;
  readonly online: boolean | null;
  readonly cpu_released: boolean | null;
  readonly ops_qseq: ExactNumber | null;
  readonly pnt_seq: ExactNumber | null;
  readonly ksync: ExactNumber | null;
  readonly rescue: number | null;
  readonly rescue_budget_us: number | null;
  readonly rescuing: string | null;
  readonly curr: string | null;
  readonly class: string | null;
  readonly masks: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, string>>;
  readonly ops_dump: readonly string[];
  readonly tasks: readonly DumpTaskRow[];
}

export interface DumpDsqRow {
  readonly dsq: string;
  readonly tasks: number;
  /** Longest time since a task on it became runnable, ms. */
  readonly longest_ms: number | null;
  readonly vtime_min: ExactNumber | null;
  readonly vtime_max: ExactNumber | null;
}

export interface DumpCounterRow {
  readonly name: string;
  readonly value: ExactNumber;
  /** Null for a counter that this program does not know. */
  readonly raised: string | null;
  readonly tells: string | null;
  readonly doubtful: boolean;
}

export interface DumpCheckRow {
  readonly id: string;
  readonly verdict: CheckVerdict | 'pass' | 'not evaluated';
  readonly checked: number;
  readonly findings: number;
  /** Why it was not evaluated, or not everywhere. */
  readonly reason: string | null;
}

export interface DumpRelease {
  /** Releases that the dump can be of. */
  readonly releases: readonly Release[];
  readonly source: 'option' | 'trace' | 'shape' | 'unknown';
  readonly evidence: readonly { readonly text: string; readonly releases: string }[];
  /** No release prints all of it. */
  readonly contradictory: boolean;
}

export interface DumpDocument {
  readonly line: number;
  readonly last_line: number;
  /** Time of its first line in a trace, ns. */
  readonly ts: ExactNumber | null;
  readonly owner: {
    readonly name: string;
    readonly level: number;
    readonly cgroup: ExactNumber | null;
    readonly path: string | null;
  } | null;
  readonly trigger: {
    readonly by: 'sysrq' | 'exit';
    readonly text: string | null;
    readonly exit_kind: number | null;
    readonly cpu: number | null;
    /** Task that was current when the dump was taken. */
    readonly current: string | null;
  } | null;
  readonly reason: string | null;
  readonly message: string | null;
  /** Index in `exits`. */
  readonly exit: number | null;
  readonly truncated: Truncation | null;
  readonly headless: boolean;
  readonly kernel: DumpRelease;
  readonly timeout: {
    readonly source: TimeoutFacts['source'];
    readonly ms: number | null;
    readonly over_ms: number;
    readonly long_ms: number;
  };
  readonly backtrace: readonly string[];
  readonly ops_dump: readonly string[];
  readonly cpus: readonly DumpCpuRow[];
  /** CPUs that tasks may use and that a complete list leaves out: idle without tasks, or offline. */
  readonly not_listed: string;
  readonly dsqs: readonly DumpDsqRow[];
  readonly counters: readonly DumpCounterRow[];
  readonly checks: readonly DumpCheckRow[];
  readonly unknown: readonly { readonly line: number; readonly text: string }[];
}

export interface DumpFinding {
  readonly check: string;
  readonly verdict: CheckVerdict;
  readonly class: string | null;
  readonly message: string;
  /** Index in `dumps`; null when it is about an exit or the log. */
  readonly dump: number | null;
  readonly tasks: readonly { readonly comm: string | null; readonly pid: number | null }[];
  readonly cpu: number | null;
  readonly dsq: string | null;
  readonly evidence: readonly { readonly line: number; readonly position: string | null; readonly text: string }[];
  /** Rule of a replay that finds the same in a trace. */
  readonly rule: string | null;
  /** What would prove it, for verdicts that leave a doubt. */
  readonly proven_by: string | null;
  /** Findings with the same number are one matter: the ejection, the fact behind it, what explains that. */
  readonly group: number;
}

export interface DumpNotice {
  readonly line: number;
  readonly text: string;
  readonly explanation: Explanation | null;
}

export interface DumpResult {
  readonly schema: typeof DUMP_SCHEMA;
  readonly input: DumpInput;
  readonly verdict: 'violation' | 'possible' | 'pass' | 'not evaluated';
  readonly exit_code: number;
  readonly exits: readonly DumpExit[];
  readonly dumps: readonly DumpDocument[];
  readonly findings: readonly DumpFinding[];
  /** Counters outside dumps. */
  readonly counter_sets: readonly {
    readonly line: number;
    readonly path: string;
    readonly counters: readonly DumpCounterRow[];
  }[];
  readonly state: readonly { readonly line: number; readonly name: string; readonly value: string }[];
  readonly notices: readonly DumpNotice[];
}
