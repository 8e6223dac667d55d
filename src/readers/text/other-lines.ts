// Lines that are no events: comments, losses, call chains, and what cannot be read at all.

export type OtherLine =
  | { readonly is: 'comment' }
  /** A line of a call chain or stack trace that belongs to the event before. */
  | { readonly is: 'stack' }
  /** Events of a CPU are missing here; `count` -1: their number is not known. */
  | { readonly is: 'lost'; readonly cpu: number; readonly count: number }
  | { readonly is: 'unreadable' };

const COMMENT: OtherLine = { is: 'comment' };
const STACK: OtherLine = { is: 'stack' };
const UNREADABLE: OtherLine = { is: 'unreadable' };

/** `CPU:1 [LOST 123 EVENTS]`, `CPU:0 [EVENTS DROPPED]`, `CPU:0 [12 EVENTS DROPPED]` */
const LOST = /^CPU:\s*(\d+)\s*\[(?:LOST )?\s*(\d+)?\s*EVENTS(?: DROPPED)?\]/;
/** The buffer of a CPU begins only here: what it held before was overwritten. */
const BUFFER_STARTED = /^#+ CPU (\d+) buffer started #+/;
/** What trace-cmd prints beside events. */
const REMARK =
  /^(?:cpus=\d+|version = |CPU:\d+ \[|CPU \d+ is empty|registering plugin|trace-cmd: |\[UNKNOWN EVENT\]|(?:Max|Min)imum Latency: |Average wakeup latency: |RT task timings:|-{3,})/;
/** `ffffffff81234567 schedule+0x5 (…)` of perf, ` => schedule` of ftrace. */
const CALL = /^\s+(?:=>\s|[0-9a-f]{4,16}\s+\S)/;

export function otherLine(text: string): OtherLine {
  if (text.trim() === '') return COMMENT;
  const started = BUFFER_STARTED.exec(text);
  if (started !== null) return { is: 'lost', cpu: Number(started[1]), count: -1 };
  if (text.trimStart().startsWith('#')) return COMMENT;
  const lost = LOST.exec(text);
  if (lost !== null) return { is: 'lost', cpu: Number(lost[1]), count: lost[2] === undefined ? -1 : Number(lost[2]) };
  if (REMARK.test(text)) return COMMENT;
  return CALL.test(text) ? STACK : UNREADABLE;
}

/** What comments tell of the machine. */
export interface Remarks {
  /** Number of CPUs for which there are buffers: all possible ones. */
  cpus?: number;
  /** CPUs that were online. */
  online?: number;
  kernel?: string;
  /** Events that perf recorded, as `system:event`. */
  readonly recorded: string[];
  latencyFormat: boolean;
}

/** Learns from a comment. */
export function readRemark(text: string, remarks: Remarks): void {
  const cpus = /^cpus=(\d+)/.exec(text)?.[1] ?? /^# nrcpus avail : (\d+)/.exec(text)?.[1];
  if (cpus !== undefined) remarks.cpus = Number(cpus);
  const online = /#P:(\d+)/.exec(text)?.[1];
  if (online !== undefined) remarks.online = Number(online);
  const kernel = /^# os release : (\S+)/.exec(text)?.[1] ?? /^# nop latency trace \S+ on (\S+)/.exec(text)?.[1];
  if (kernel !== undefined) remarks.kernel = kernel;
  const event = /^# event : name = ([\w:]+),/.exec(text)?.[1];
  if (event !== undefined) remarks.recorded.push(event);
  if (/^# \w+ latency trace/.test(text)) remarks.latencyFormat = true;
}
