// What stands around dumps: EXIT lines of user-space tools, lines of the kernel log, counters and state from sysfs.
import { REASONS, reasonLength } from './anchors.ts';
import type { CounterSet, DumpCounter, LogLine, StateValue, UserExit } from './dump.ts';

/** Lines that a message of several lines may have. */
export const MAX_MESSAGE_LINES = 40;

/** `EXIT: REASON (MSG) on CPU N`, possibly of several lines; undefined when the message does not end here. */
export function parseExit(text: string, line: number, open: boolean, last: boolean): UserExit | undefined {
  const rest = text.slice('EXIT: '.length);
  for (const reason of REASONS) {
    const length = reasonLength(rest, reason);
    if (length < 0) continue;
    const tail = rest.slice(length);
    const match = /^(?: \(([\s\S]*)\))?(\s+on\s+CPU\s+(\d+))?$/.exec(tail);
    if (match !== null) {
      const [, message = '', onCpu, cpu] = match;
      // At the end of the text a number can lack digits.
      const exitCpu = cpu === undefined || open ? undefined : Number(cpu);
      return { line, reason, message, messageCut: false, exitCpu, namesCpu: onCpu !== undefined };
    }
    if (!last) return undefined;
    const close = tail.lastIndexOf(')');
    const cut = close < 0 || open;
    const message = tail.startsWith(' (') ? tail.slice(2, cut ? undefined : close) : '';
    return { line, reason, message, messageCut: cut, exitCpu: undefined, namesCpu: false };
  }
  return undefined;
}

/** A line of the kernel log, from `sched_ext: ` on. */
export function parseLog(text: string, line: number): LogLine {
  const base = { line, name: '', sub: false, text: '', partial: false, state: '', runnableDelta: undefined, stack: [] };
  if (text.startsWith('S')) return parseStackDump(text, line);
  const rest = text.slice('sched_ext: '.length);
  const life = /^BPF (sub-)?scheduler "(.*)" (?:(enabled)( \(partial\))?|(?:errored, )?disabled(?: \((.*)\))?)$/.exec(
    rest,
  );
  if (life !== null) {
    const [, sub, name = '', enabled, partial, reason = ''] = life;
    const kind = enabled === undefined ? 'disabled' : 'enabled';
    return { ...base, kind, name, sub: sub !== undefined, text: reason, partial: partial !== undefined };
  }
  const colon = rest.indexOf(': ');
  if (colon < 0) return { ...base, kind: 'other', text: rest };
  return { ...base, kind: 'message', name: rest.slice(0, colon), text: rest.slice(colon + 2) };
}

/** `Sched_ext: NAME (STATE[+all])[, task: runnable_at=%+ldms]`, part of the kernel's stack dumps. */
function parseStackDump(text: string, line: number): LogLine {
  const match = /^Sched_ext: (.*) \(([a-z?]+(?:\+all)?)\)(?:, task: runnable_at=([+-]\d+)ms)?/.exec(text);
  const delta = match?.[3];
  return {
    line,
    kind: match === null ? 'other' : 'stack-dump',
    name: match?.[1] ?? '',
    sub: false,
    text: match === null ? text.slice('Sched_ext: '.length) : '',
    partial: false,
    state: match?.[2] ?? '',
    runnableDelta: delta === undefined ? undefined : Number(delta),
    stack: [],
  };
}

const COUNTER_PAIR = /\b(SCX_EV_[A-Z\d_]+)[ \t]+(-?\d{1,20})(?=\s|$)/g;

/** Counters of a line of a sysfs `events` file: one pair, or a whole file on one line. Values beyond 2^63 are negative. */
export function parseCounters(text: string): DumpCounter[] {
  // A record of the tracepoint is a change, not a value.
  if (/\bname SCX_EV_/.test(text)) return [];
  return [...text.matchAll(COUNTER_PAIR)].map(([, name = '', digits = '0']) => ({
    name,
    value: BigInt.asIntN(64, BigInt(digits)),
  }));
}

/** Path that `grep .` prints before the contents of a file. */
export function pathBefore(text: string): string {
  return /(\/\S*sched_ext\/[^\s:]*):/.exec(text)?.[1] ?? '';
}

const STATE_FILE = /sched_ext\/((?:root\/)?(?:state|switch_all|nr_rejected|hotplug_seq|enable_seq|ops|caps)):\s?(.*)$/;
const STATE_TABLE =
  /^(ops|enabled|switching_all|switched_all|enable_state|aborting|bypass_depth|nr_rejected|enable_seq)\s*: (.*)$/;

/** A file of /sys/kernel/sched_ext with its name before it, or a row of the kernel's state script. */
export function parseState(text: string, line: number): StateValue | undefined {
  const match = STATE_FILE.exec(text) ?? STATE_TABLE.exec(text);
  return match === null ? undefined : { line, name: match[1] ?? '', value: (match[2] ?? '').trim() };
}

/** Joins counters of lines that follow each other; a counter that repeats begins another set. */
export class CounterSets {
  readonly sets: CounterSet[] = [];
  #lastLine = -2;

  add(counters: readonly DumpCounter[], path: string, line: number): void {
    const open = this.sets.at(-1);
    const goesOn =
      open !== undefined &&
      Math.abs(line - this.#lastLine) === 1 &&
      path === open.path &&
      counters.every((counter) => open.counters.every((other) => other.name !== counter.name));
    if (goesOn) open.counters.push(...counters);
    else this.sets.push({ line, path, counters: [...counters] });
    this.#lastLine = line;
  }
}
