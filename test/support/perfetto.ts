// Builds Perfetto traces: from the events of another trace, in the layouts that perfetto, scxtop, systing and wprof write.
import { PROBES } from '../../src/probes/catalogue.ts';
import type { Probe, ProbeArg } from '../../src/probes/probe.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { CpuMask } from '../../src/trace/cpu-mask.ts';
import type { TraceEvent } from '../../src/trace/event.ts';
import type { FieldName } from '../../src/trace/vocabulary/fields.ts';
import { ProtoWriter } from './proto-writer.ts';

/** Numbers of events and their fields in FtraceEvent. */
const KNOWN: Readonly<Record<string, { number: number; fields: Readonly<Record<string, number>> }>> = {
  sched_switch: {
    number: 4,
    fields: { prev_comm: 1, prev_pid: 2, prev_state: 4, next_comm: 5, next_pid: 6 },
  },
  sched_wakeup: { number: 17, fields: { comm: 1, pid: 2, prio: 3, target_cpu: 5 } },
  sched_waking: { number: 20, fields: { comm: 1, pid: 2, prio: 3, target_cpu: 5 } },
  sched_wakeup_new: { number: 114, fields: { comm: 1, pid: 2, prio: 3, target_cpu: 5 } },
  sched_process_exec: { number: 237, fields: { filename: 1, pid: 2, old_pid: 3 } },
  sched_process_exit: { number: 238, fields: { comm: 1, pid: 2, prio: 4 } },
  sched_process_fork: { number: 239, fields: { parent_comm: 1, parent_pid: 2, child_comm: 3, child_pid: 4 } },
  sched_migrate_task: { number: 491, fields: { comm: 1, pid: 2, prio: 3, orig_cpu: 4, dest_cpu: 5 } },
  task_rename: { number: 236, fields: { pid: 1, newcomm: 3 } },
};

const byKey = new Map<string, Probe>();
for (const probe of PROBES) {
  const key = `${probe.type}/${probe.step ?? ''}/${probe.phase ?? ''}`;
  // Of several probes with one meaning the first one stands for all; a switch is the probe's.
  if (!byKey.has(key)) byKey.set(key, probe);
}

/** The probe that makes events like this one; undefined for losses. */
export function probeOf(event: TraceEvent): Probe | undefined {
  return byKey.get(`${event.type}/${event.step}/${event.phase}`);
}

export interface PerfettoOptions {
  /** Events per bundle. */
  readonly perBundle?: number;
  /** sched_switch and sched_waking in the compact form; all switches are written as those of the tracepoint. */
  readonly compact?: boolean;
  /** Packets in front, such as those of `systemInfo`. */
  readonly before?: readonly Uint8Array[];
}

/** A whole trace with the events of `trace` that Perfetto can hold. */
export function perfettoTrace(trace: OpenTrace, options: PerfettoOptions = {}): Uint8Array {
  const { perBundle = 500, compact = false, before = [] } = options;
  const packets: Uint8Array[] = [...before];
  const pending: TraceWithCompact[] = [];
  const flush = (cpu: number): void => {
    const bundle = pending[cpu];
    if (bundle === undefined || bundle.n === 0) return;
    packets.push(ftracePacket(bundle.finish(cpu)));
    delete pending[cpu];
  };
  trace.run({
    event(event) {
      const probe = probeOf(event);
      if (probe === undefined) return true;
      const bundle = pending[event.cpu] ?? new TraceWithCompact();
      pending[event.cpu] = bundle;
      const ts = trace.timeBase + BigInt(event.t);
      if (compact && event.type === 'switch') bundle.compactSwitch(ts, event);
      else if (compact && event.type === 'wakeup' && event.step === 'waking') bundle.compactWaking(ts, event);
      else bundle.event(ftraceEvent(ts, event, probe));
      if (bundle.n >= perBundle) flush(event.cpu);
      return true;
    },
  });
  for (const cpu of pending.keys()) flush(cpu);
  return concat(packets.map((packet) => new ProtoWriter().bytes(1, packet).finish()));
}

class TraceWithCompact {
  n = 0;
  readonly #events: Uint8Array[] = [];
  readonly #names: string[] = [];
  readonly #switches: { ts: bigint; state: number; next: number; comm: number }[] = [];
  readonly #wakings: { ts: bigint; pid: number; target: number; prio: number; comm: number }[] = [];

  event(bytes: Uint8Array): void {
    this.#events.push(bytes);
    this.n++;
  }

  compactSwitch(ts: bigint, event: TraceEvent): void {
    this.#switches.push({ ts, state: event.prev_state, next: event.next, comm: this.#name(event.next_comm) });
    this.n++;
  }

  compactWaking(ts: bigint, event: TraceEvent): void {
    this.#wakings.push({ ts, pid: event.pid, target: event.target, prio: event.prio, comm: this.#name(event.comm) });
    this.n++;
  }

  finish(cpu: number): ProtoWriter {
    const bundle = new ProtoWriter().varint(1, cpu);
    for (const event of this.#events) bundle.bytes(2, event);
    if (this.#switches.length + this.#wakings.length === 0) return bundle;
    const compact = new ProtoWriter();
    for (const name of this.#names) compact.text(5, name);
    const deltas = (times: readonly bigint[]): bigint[] => times.map((ts, i) => ts - (times[i - 1] ?? 0n));
    if (this.#switches.length > 0) {
      compact
        .packed(1, deltas(this.#switches.map((entry) => entry.ts)))
        .packed(
          2,
          this.#switches.map((entry) => entry.state),
        )
        .packed(
          3,
          this.#switches.map((entry) => entry.next),
        )
        .packed(
          4,
          this.#switches.map(() => 120),
        )
        .packed(
          6,
          this.#switches.map((entry) => entry.comm),
        );
    }
    if (this.#wakings.length > 0) {
      compact
        .packed(7, deltas(this.#wakings.map((entry) => entry.ts)))
        .packed(
          8,
          this.#wakings.map((entry) => entry.pid),
        )
        .packed(
          9,
          this.#wakings.map((entry) => entry.target),
        )
        .packed(
          10,
          this.#wakings.map((entry) => entry.prio),
        )
        .packed(
          11,
          this.#wakings.map((entry) => entry.comm),
        );
    }
    return bundle.bytes(4, compact);
  }

  #name(name: string): number {
    const known = this.#names.indexOf(name);
    return known >= 0 ? known : this.#names.push(name) - 1;
  }
}

export function ftracePacket(bundle: ProtoWriter): Uint8Array {
  return new ProtoWriter().varint(10, 2).bytes(1, bundle).finish();
}

/** An FtraceEvent: the known ones in their own messages, dynamic ones as generic events. */
export function ftraceEvent(ts: bigint, event: TraceEvent, probe: Probe): Uint8Array {
  const message = new ProtoWriter().varint(1, ts).varint(2, 1);
  const known = KNOWN[probe.event];
  const inner = new ProtoWriter();
  if (known === undefined) {
    inner.text(1, probe.event);
    for (const [name, value] of argumentsOf(event, probe)) {
      const field = new ProtoWriter().text(1, name);
      if (typeof value === 'string') field.text(3, value);
      else field.varint(5, value);
      inner.bytes(2, field);
    }
  } else {
    for (const [name, value] of argumentsOf(event, probe)) {
      const number = known.fields[name];
      if (number === undefined) continue;
      if (typeof value === 'string') inner.text(number, value);
      else if (value !== 0n) inner.varint(number, value);
    }
  }
  return message.bytes(known?.number ?? 327, inner).finish();
}

/** What the probe's arguments were, as far as the event tells. */
export function argumentsOf(event: TraceEvent, probe: Probe): Map<string, string | bigint> {
  const values = new Map<string, string | bigint>();
  for (const arg of probe.args) {
    const value = argumentValue(event, arg);
    if (value === undefined) continue;
    values.set(arg.name, value);
    if (arg.guard?.test === 'pointer' && !values.has(arg.guard.arg)) values.set(arg.guard.arg, 0xffff888000000000n);
  }
  // A guard that guards nothing of this event is a null pointer.
  for (const arg of probe.args)
    if (arg.guard?.test === 'pointer' && !values.has(arg.guard.arg)) values.set(arg.guard.arg, 0n);
  return values;
}

function argumentValue(event: TraceEvent, arg: ProbeArg): string | bigint | undefined {
  if (arg.meaning === 'verdict')
    return event.verdict === 'task' ? 0xffff888000000000n : event.verdict === 'none' ? 0n : 0xffff_ffff_ffff_fff5n;
  if (arg.meaning === 'cid-base') return 0n;
  if (arg.meaning === 'cid-count') return 256n;
  if (arg.field === undefined) return undefined;
  const value = event.value(arg.field as FieldName);
  if (value === undefined || typeof value === 'string') return value;
  if (value instanceof CpuMask) {
    const word = (arg.word ?? 0) * 2;
    return (BigInt((value.words[word + 1] ?? 0) >>> 0) << 32n) | BigInt((value.words[word] ?? 0) >>> 0);
  }
  return BigInt(value);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A SystemInfo packet. */
export function systemInfo(release: string, cpus: number): Uint8Array {
  return new ProtoWriter()
    .bytes(45, new ProtoWriter().bytes(1, new ProtoWriter().text(1, 'Linux').text(3, release)).varint(8, cpus))
    .finish();
}
