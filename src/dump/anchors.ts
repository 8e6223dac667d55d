// Lines that can only be what they seem: where their contents begin tells what a logger put before them.
import { exitReason } from '../kernel/exit.ts';

/** What a line is, when it alone shows it. `0`: it may be anything. */
export const LINE = {
  none: 0,
  header: 1,
  sysrq: 2,
  backtrace: 3,
  cpuStates: 4,
  countersHead: 5,
  cpu: 6,
  rescue: 7,
  curr: 8,
  mask: 9,
  taskState: 10,
  taskSticky: 11,
  taskVtime: 12,
  taskCpus: 13,
  counter: 14,
  truncated: 15,
  debugDump: 16,
  exit: 17,
  log: 18,
  reason: 19,
} as const;

export type LineKind = (typeof LINE)[keyof typeof LINE];

export interface Anchor {
  readonly kind: LineKind;
  /** Index of the first character of the contents that is no blank. */
  readonly at: number;
}

/** Reason texts, longest first. */
export const REASONS: readonly string[] = [64, 65, 66, 67, 68, 69, 1024, 1025, 1026, 1027, 1028, -1]
  .map(exitReason)
  .sort((a, b) => b.length - a.length);

/** Quick refusal: lines without any of these words are no anchors. */
const WORDS =
  /scx_state|nr_run=|curr=|rescuing=|sticky\/|dsq_vtime=|cpus=|_to_|triggered |Backtrace:|CPU states|Event counters|SCX_EV_|TRUNCATED|EXIT: |ched_ext: |DEBUG DUMP/;

/** Trace events that carry one line of text each. */
const TEXT_EVENTS = /(?:sched_ext_dump|bpf_trace_printk):/;

const MASK_LINE = /(?:cpus_to_kick|idle_to_kick|cpus_to_preempt|cpus_to_wait|cpus_to_sync)\s*: [\da-f,]+\s*$/;
const CPU_LINE = /CPU \d+\s*: nr_run=\d/;
const COUNTER_LINE = /SCX_EV_[A-Z\d_]+:\s+-?\d+\s*$/;
const LOG_LINE = /(?:^|[^\w])([Ss]ched_ext: )/;
const FULL_LINES: readonly (readonly [string, LineKind])[] = [
  ['Backtrace:', LINE.backtrace],
  ['CPU states', LINE.cpuStates],
  ['Event counters', LINE.countersHead],
  ['~~~~ TRUNCATED ~~~~', LINE.truncated],
  ['DEBUG DUMP', LINE.debugDump],
];
const FIELD_STARTS: readonly (readonly [string, LineKind])[] = [
  ['scx_state/flags=', LINE.taskState],
  ['sticky/holding_cpu=', LINE.taskSticky],
  ['dsq_vtime=', LINE.taskVtime],
  ['cpus=', LINE.taskCpus],
];

/** Where the text of a trace event that carries text begins; -1 when the line is none. */
export function textEventAt(line: string): number {
  if (!line.includes('sched_ext_dump:') && !line.includes('bpf_trace_printk:')) return -1;
  const match = TEXT_EVENTS.exec(line);
  return match === null ? -1 : match.index + match[0].length;
}

/** The anchor in a line, looked for from `from` on. */
export function findAnchor(line: string, from = 0): Anchor | undefined {
  if (!WORDS.test(line)) return undefined;
  return (
    findHeader(line, from) ??
    findFields(line, from) ??
    findFullLine(line, from) ??
    findByPattern(line, from) ??
    findExit(line, from) ??
    findLog(line, from)
  );
}

/** A task field line: it begins with a field, and every word of it is one. */
function findFields(line: string, from: number): Anchor | undefined {
  if (!line.includes('=')) return undefined;
  let best: Anchor | undefined;
  for (const [start, kind] of FIELD_STARTS) {
    const at = line.indexOf(start, from);
    if (at < 0 || !isBorder(line, at) || (best !== undefined && best.at <= at)) continue;
    if (kind < LINE.taskVtime || everyWordIsField(line, at)) best = { kind, at };
  }
  return best;
}

function everyWordIsField(line: string, at: number): boolean {
  for (const word of line.slice(at).trim().split(/\s+/)) {
    const equals = word.indexOf('=');
    if (equals <= 0 || word.includes('[')) return false;
  }
  return true;
}

function findFullLine(line: string, from: number): Anchor | undefined {
  const text = line.trimEnd();
  for (const [words, kind] of FULL_LINES) {
    if (!text.endsWith(words)) continue;
    const at = text.length - words.length;
    if (at >= from && isBorder(line, at)) return { kind, at };
  }
  return undefined;
}

function findByPattern(line: string, from: number): Anchor | undefined {
  const text = from === 0 ? line : line.slice(from);
  const cpu = text.includes('nr_run=') ? CPU_LINE.exec(text) : null;
  if (cpu !== null && isBorder(text, cpu.index)) return { kind: LINE.cpu, at: from + cpu.index };
  if (text.includes('rescuing=') || text.includes('budget=')) {
    const rescue = text.indexOf('rescue=');
    if (rescue >= 0 && isBorder(text, rescue)) return { kind: LINE.rescue, at: from + rescue };
  }
  const curr = text.indexOf('curr=');
  if (curr >= 0 && isBorder(text, curr)) return { kind: LINE.curr, at: from + curr };
  if (text.includes('_to_')) {
    const mask = MASK_LINE.exec(text);
    if (mask !== null && isBorder(text, mask.index)) return { kind: LINE.mask, at: from + mask.index };
  }
  if (text.includes('SCX_EV_')) {
    const counter = COUNTER_LINE.exec(text);
    if (counter !== null && isBorder(text, counter.index)) return { kind: LINE.counter, at: from + counter.index };
  }
  return undefined;
}

function findHeader(line: string, from: number): Anchor | undefined {
  const sysrq = line.indexOf('Debug dump triggered by ', from);
  if (sysrq >= 0 && isBorder(line, sysrq)) return { kind: LINE.sysrq, at: sysrq };
  const words = line.indexOf('] triggered exit kind ', from);
  // Where the name of the task begins is found out when the beginnings of the lines are known.
  return words < 0 ? undefined : { kind: LINE.header, at: -1 };
}

function findExit(line: string, from: number): Anchor | undefined {
  const at = line.indexOf('EXIT: ', from);
  if (at < 0) return undefined;
  const rest = line.slice(at + 6);
  return REASONS.some((reason) => startsWithReason(rest, reason)) ? { kind: LINE.exit, at } : undefined;
}

function findLog(line: string, from: number): Anchor | undefined {
  const match = LOG_LINE.exec(from === 0 ? line : line.slice(from));
  const words = match?.[1];
  if (match === null || words === undefined) return undefined;
  return { kind: LINE.log, at: from + match.index + match[0].length - words.length };
}

/** `REASON`, `REASON (MSG…`, also HTML-escaped. */
export function startsWithReason(text: string, reason: string): boolean {
  const length = reasonLength(text, reason);
  if (length < 0) return false;
  const rest = text.slice(length).trimEnd();
  return rest === '' || rest.startsWith(' (') || rest.startsWith(' on CPU ');
}

/** Length of the reason at the beginning of a text; -1 when it is another one. */
export function reasonLength(text: string, reason: string): number {
  if (text.startsWith(reason)) return reason.length;
  if (!reason.startsWith('<')) return -1;
  const escaped = reason.replace('<', '&lt;').replace('>', '&gt;');
  return text.startsWith(escaped) ? escaped.length : -1;
}

/** Where the line behind the header of an exit begins: it starts with a reason. */
export function findReason(line: string): number {
  for (const reason of REASONS) {
    for (const text of reason.startsWith('<') ? [reason, '&lt;UNKNOWN&gt;'] : [reason]) {
      const at = line.indexOf(`${text} (`);
      if (at >= 0 && isBorder(line, at)) return at;
    }
  }
  return -1;
}

/** What stands before is no part of a word. */
function isBorder(line: string, at: number): boolean {
  if (at === 0) return true;
  const code = line.charCodeAt(at - 1);
  const letter = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return !letter && code !== 95 && code !== 47;
}

const FRAME = /(?:^|[\s?])((?:[^\s+]+\+0x[\da-f]+\/0x[\da-f]+)(?: \[[^\]\s]+\])?|0x[\da-f]{8,16})\s*$/;

/** The stack frame that a line ends with: `symbol+0xoff/0xlen [module]`, or an address; undefined when it ends otherwise. */
export function frameOf(text: string): string | undefined {
  if (!text.includes('0x')) return undefined;
  return FRAME.exec(text)?.[1];
}
