// Prints that are no `key=value`: switches and wakeups as trace-cmd's plugins show them, events of words, plain text.

import { SLOT, type Slot, type TraceEvent } from '../../trace/event.ts';
import { highHalf, lowHalf } from '../../trace/u64.ts';
import type { NamedPlan } from '../named/event-plan.ts';
import type { CommTable } from './comm-table.ts';
import type { NumberReader } from './number.ts';

const BLANK = 0x20;
const COLON = 0x3a;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Task state letters of sched_switch, as the tracepoint's bits (TASK_REPORT; `+` is the bit above). */
const STATES: Readonly<Record<string, number>> = {
  R: 0,
  S: 1,
  D: 2,
  T: 4,
  t: 8,
  X: 0x10,
  Z: 0x20,
  P: 0x40,
  I: 0x80,
  '+': 0x100,
};
const OTHER_STATE = 0x80;
/** Bits by the byte of a letter; blanks and `|` between letters have none. */
const STATE_BITS = new Int32Array(256).fill(OTHER_STATE);
for (const [letter, bits] of Object.entries(STATES)) STATE_BITS[letter.charCodeAt(0)] = bits;
STATE_BITS[BLANK] = 0;
STATE_BITS[0x7c] = 0;

/** `0xffffffff8149ab1a: text` or `tracing_mark_write: text`, as trace-cmd shows marks. */
const MARK = /^(?:0x)?[\w.+/]+: /;
const COUNTER = /^name (\S+) delta (-?\d+)$/;
const EXIT = /^sched (.*) level (-?\d+) sub_cgroup_id (\d+) cgrp_path (.*) kind (\d+)$/;
const BALANCE = /^node (\d+): nr_cpus=(\d+) nr_tasks=(\d+) nr_balanced=(\d+) min=(\d+)->(\d+) max=(\d+)->(\d+)/;

const decoder = new TextDecoder();

export class OtherPrints {
  readonly #comms: CommTable;
  readonly #numbers: NumberReader;
  // The task that was read last.
  #pid = -1;
  #prio = -1;
  #commFrom = 0;
  #commTo = 0;

  constructor(comms: CommTable, numbers: NumberReader) {
    this.#comms = comms;
    this.#numbers = numbers;
  }

  /** Fills `event` from the arguments at `from..to` when they have one of the forms; false otherwise. */
  fill(plan: NamedPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    switch (plan.probe.event) {
      case 'sched_switch':
        return this.#switch(bytes, view, from, to, event);
      case 'sched_waking':
      case 'sched_wakeup':
      case 'sched_wakeup_new':
        return this.#wakeup(bytes, view, from, to, event);
      case 'print': {
        const text = decoder.decode(bytes.subarray(from, to));
        event.text = plan.named === 'print' ? text.replace(MARK, '') : text;
        return true;
      }
      case 'sched_ext_dump':
        event.text = decoder.decode(bytes.subarray(from, to));
        return true;
      default:
        return words(plan.probe.event, decoder.decode(bytes.subarray(from, to)), event);
    }
  }

  /** `rcu_preempt:16 [120] R+ ==> swapper/0:0 [120]` */
  #switch(bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    let arrow = from;
    while (arrow < to && !(bytes[arrow] === EQUALS && bytes[arrow + 1] === EQUALS && bytes[arrow + 2] === GREATER))
      arrow++;
    if (arrow < from + 2 || arrow + 4 > to) return false;
    let close = arrow;
    while (close > from && bytes[close] !== CLOSE) close--;
    if (!this.#task(bytes, from, close + 1)) return false;
    event.setInt(SLOT.prev, this.#pid);
    event.setInt(SLOT.prev_state, stateBits(bytes, close + 1, arrow));
    this.#comm(view, event, SLOT.prev_comm);
    let end = to;
    while (end > arrow && bytes[end - 1] !== CLOSE) end--;
    if (!this.#task(bytes, arrow + 4, end)) return false;
    event.setInt(SLOT.next, this.#pid);
    this.#comm(view, event, SLOT.next_comm);
    return true;
  }

  /** `rcu_preempt:16 [120] CPU:001`, in old versions with `success=1` before the CPU. */
  #wakeup(bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    let close = to;
    while (close > from && bytes[close - 1] !== CLOSE) close--;
    if (!this.#task(bytes, from, close)) return false;
    event.setInt(SLOT.pid, this.#pid);
    if (this.#prio >= 0) event.setInt(SLOT.prio, this.#prio);
    this.#comm(view, event, SLOT.comm);
    let cpu = to;
    while (cpu > close && bytes[cpu] !== COLON) cpu--;
    if (cpu > close && this.#numbers.read(bytes, cpu + 1, to) > 0) event.setInt(SLOT.target, this.#numbers.lo);
    return true;
  }

  /** `comm:pid [prio]` that ends before `to`. */
  #task(bytes: Uint8Array, from: number, to: number): boolean {
    if (bytes[to - 1] !== CLOSE) return false;
    let at = to - 2;
    while (at > from && bytes[at] !== OPEN) at--;
    let digits = at - 1;
    while (digits > from && bytes[digits] === BLANK) digits--;
    const end = digits + 1;
    this.#prio = this.#numbers.read(bytes, at + 1, to - 1) === to - 1 ? this.#numbers.lo : -1;
    while (digits > from && bytes[digits] !== COLON) digits--;
    if (digits < from || bytes[digits] !== COLON || this.#numbers.read(bytes, digits + 1, end) !== end) return false;
    this.#pid = this.#numbers.lo;
    this.#commFrom = from;
    while (this.#commFrom < digits && bytes[this.#commFrom] === BLANK) this.#commFrom++;
    this.#commTo = digits;
    return true;
  }

  /** The name of the task that was read last, if it is news. */
  #comm(view: DataView, event: TraceEvent, slot: Slot): void {
    const news = this.#comms.news(view, this.#commFrom, this.#commTo, this.#pid);
    if (news !== undefined) event.setString(slot, news);
  }
}

/** Bits of sched_switch for a state such as `S`, `R+`, `D|K`; letters that it does not report are some sleep. */
export function stateBits(bytes: Uint8Array, from: number, to: number): number {
  let state = 0;
  for (let at = from; at < to; at++) state |= STATE_BITS[bytes[at] ?? 0] ?? OTHER_STATE;
  return state;
}

function words(name: string, text: string, event: TraceEvent): boolean {
  if (name === 'sched_ext_event') {
    const match = COUNTER.exec(text);
    if (match === null) return false;
    event.name = match[1] ?? '';
    const delta = BigInt(match[2] ?? 0);
    event.setWide(SLOT.delta, highHalf(delta), lowHalf(delta));
    return true;
  }
  if (name === 'sched_ext_exit') {
    const match = EXIT.exec(text);
    if (match === null) return false;
    event.name = match[1] ?? '';
    event.level = Number(match[2]);
    const cgroup = BigInt(match[3] ?? 0);
    event.setWide(SLOT.cgroup, highHalf(cgroup), lowHalf(cgroup));
    event.path = match[4] ?? '';
    event.exit_kind = Number(match[5]);
    return true;
  }
  if (name === 'sched_ext_bypass_lb') {
    const match = BALANCE.exec(text);
    if (match === null) return false;
    const [
      node = 0,
      nrCpus = 0,
      nrTasks = 0,
      nrBalanced = 0,
      minBefore = 0,
      minAfter = 0,
      maxBefore = 0,
      maxAfter = 0,
    ] = match.slice(1).map(Number);
    event.node = node;
    event.nr_cpus = nrCpus;
    event.nr_tasks = nrTasks;
    event.nr_balanced = nrBalanced;
    event.before_min = minBefore;
    event.before_max = maxBefore;
    event.after_min = minAfter;
    event.after_max = maxAfter;
    return true;
  }
  return false;
}
