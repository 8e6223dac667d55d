// Compiles an entry of the probe catalogue into a plan for formats that name the fields of their records (text, generic events).
import { PROBES } from '../../probes/catalogue.ts';
import type { Probe, ProbeArg } from '../../probes/probe.ts';
import { presenceOf, SLOT, type Slot, type TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';
import { EVENT_SPECS, KIND } from '../../trace/vocabulary/index.ts';
import { Pattern } from './pattern.ts';

/** What becomes of the value behind a key. */
export const CODE = {
  /** Nothing: the value is passed over. */
  skip: 0,
  number: 1,
  wide: 2,
  text: 3,
  /** Task state: a letter or a number. */
  state: 4,
  /** Kept until the line is read: it guards others, is guarded, or is part of a mask. */
  late: 5,
} as const;

export interface KeySpec {
  readonly name: string;
  /** `name=` */
  readonly pattern: Pattern;
  readonly index: number;
  readonly code: number;
  readonly slot: Slot | undefined;
  /** Index of the field in the words of the event; -1 for what is not stored there at once. */
  readonly word: number;
  /** The value is kept until the record is read. */
  readonly isLate: boolean;
}

/** A field that is completed when the whole line was read. */
export interface LateField {
  readonly slot: Slot;
  readonly how: 'value' | 'mask' | 'cids' | 'verdict' | 'text';
  /** Index of the key with the value. */
  readonly key: number;
  readonly word: number;
  /** Index of the key that guards it, -1 for none. */
  readonly guard: number;
  readonly guardLocal: boolean;
  /** Indexes of the keys with base and count of a cid mask, -1 for none. */
  readonly base: number;
  readonly count: number;
}

export interface NamedPlan {
  readonly probe: Probe;
  readonly kind: number;
  readonly keys: readonly KeySpec[];
  readonly late: readonly LateField[];
  readonly constants: readonly { readonly slot: Slot; readonly value: number | string }[];
  readonly constantPresence: Int32Array;
  /** Presence bits that the event's type requires. */
  readonly required: Int32Array;
  /** The keys whose values are stored at once, as bits by index; -1 when there are too many for that. */
  readonly directKeys: number;
  /** Presence bits of their fields. */
  readonly directPresence: Int32Array;
  /** Number of 64-bit words of masks that are recorded; 0: none. */
  readonly maskWords: number;
  /** Index of the key that is printed last; -1 where the kernel prints in another order than that of its fields. */
  readonly lastKey: number;
  /** The event does not print `key=value`. */
  readonly otherwise: boolean;
  /** Name under which it was printed. */
  readonly named: string;
  /** Command names that it carries, with the pids that they belong to. */
  readonly comms: readonly { readonly slot: Slot; readonly owner: Slot }[];
}

const COMM_OWNERS: readonly { readonly slot: Slot; readonly owner: Slot }[] = [
  { slot: SLOT.comm, owner: SLOT.pid },
  { slot: SLOT.prev_comm, owner: SLOT.prev },
  { slot: SLOT.next_comm, owner: SLOT.next },
  { slot: SLOT.parent_comm, owner: SLOT.parent },
];

/** Names that the kernel prints where they differ from those of the fields, by event. */
const PRINTED_AS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'sched:sched_process_fork': { comm: 'parent_comm', pid: 'parent_pid' },
};

/** Names that the kernel prints beside those that the catalogue uses; they lie in the way of the keys that are wanted. */
const PASSED_OVER: Readonly<Record<string, readonly string[]>> = {
  'sched:sched_switch': ['prev_prio', 'next_prio'],
  'task:task_rename': ['oldcomm'],
};

const WITHOUT_KEYS = new Set([
  'ftrace:print',
  'sched_ext:sched_ext_dump',
  'sched_ext:sched_ext_event',
  'sched_ext:sched_ext_exit',
  'sched_ext:sched_ext_bypass_lb',
]);

/** Plan of the event that is printed under this name; undefined when the catalogue has none. */
export function planOf(printed: string): NamedPlan | undefined {
  const colon = printed.lastIndexOf(':');
  const system = printed.slice(0, Math.max(0, colon));
  const name = printed.slice(colon + 1);
  const known = EVENT_ALIASES[name] ?? name;
  const probe = PROBES.find(
    (entry) =>
      entry.event === known &&
      // Text of ftrace names no system; `perf probe` puts its events into a system of its own.
      (system === '' || system === entry.system || (system === 'probe' && entry.system === 'scx')),
  );
  return probe === undefined ? undefined : compile(probe, name);
}

/** tracefs prints the marks of users under the name of the function that makes them. */
const EVENT_ALIASES: Readonly<Record<string, string>> = { tracing_mark_write: 'print' };

function compile(probe: Probe, named: string): NamedPlan {
  const id = `${probe.system}:${probe.event}`;
  const printed = PRINTED_AS[id] ?? {};
  const names = probe.args.map((arg) => arg.name);
  const guards = new Set(probe.args.flatMap((arg) => (arg.guard === undefined ? [] : [arg.guard.arg])));
  const keys: KeySpec[] = [];
  const addKey = (name: string, code: number, slot: Slot | undefined): void => {
    const direct = slot !== undefined && (code === CODE.number || code === CODE.wide);
    const word = direct ? slot.index : -1;
    const isLate = code === CODE.late;
    keys.push({ name, pattern: new Pattern(`${name}=`), index: keys.length, code, slot, word, isLate });
  };
  for (const arg of probe.args) {
    const slot = slotOf(arg.field);
    const code = isLate(arg, slot) || guards.has(arg.name) ? CODE.late : codeOf(slot);
    addKey(arg.name, code, slot);
  }
  for (const [name, field] of Object.entries(printed)) {
    const arg = keys.find((key) => key.name === field);
    if (arg !== undefined && !names.includes(name)) addKey(name, arg.code, arg.slot);
  }
  for (const name of PASSED_OVER[id] ?? []) addKey(name, CODE.skip, undefined);
  const constants: { slot: Slot; value: number | string }[] = [];
  if (probe.phase !== undefined) constants.push({ slot: SLOT.phase, value: probe.phase });
  if (probe.step !== undefined) constants.push({ slot: SLOT.step, value: probe.step });
  for (const [name, value] of Object.entries(probe.constants ?? {})) {
    const slot = slotOf(name);
    if (slot !== undefined) constants.push({ slot, value });
  }
  const late = lateFields(probe, keys, guards);
  // Keys under a second name never come together with those of the first.
  const direct = keys.filter((key, i) => key.word >= 0 && keys.findIndex((other) => other.slot === key.slot) === i);
  return {
    probe,
    kind: KIND[probe.type],
    keys,
    late,
    constants,
    constantPresence: presenceOf(constants.map((constant) => constant.slot)),
    required: presenceOf(EVENT_SPECS[probe.type].required.map((field) => SLOT[field])),
    directKeys: keys.length > 30 ? -1 : direct.reduce((bits, key) => bits | (1 << key.index), 0),
    directPresence: presenceOf(direct.flatMap((key) => key.slot ?? [])),
    maskWords: Math.max(0, ...late.filter((field) => field.how === 'mask').map((field) => field.word + 1)),
    lastKey: probe.attach === 'event' ? -1 : keys.length - 1,
    otherwise: WITHOUT_KEYS.has(id),
    named,
    comms: COMM_OWNERS.filter(({ slot }) => keys.some((key) => key.slot === slot)),
  };
}

function slotOf(name: string | undefined): Slot | undefined {
  return name === undefined ? undefined : (SLOT as Readonly<Record<string, Slot>>)[name];
}

function isLate(arg: ProbeArg, slot: Slot | undefined): boolean {
  return arg.guard !== undefined || arg.meaning !== undefined || slot?.kind === 'cpus';
}

function codeOf(slot: Slot | undefined): number {
  if (slot === undefined) return CODE.skip;
  if (slot.kind === 'str') return CODE.text;
  if (slot.field === 'prev_state') return CODE.state;
  return isWide(slot.kind) ? CODE.wide : CODE.number;
}

function lateFields(probe: Probe, keys: readonly KeySpec[], guards: ReadonlySet<string>): LateField[] {
  const indexOf = (name: string | undefined): number => keys.findIndex((key) => key.name === name);
  const meaning = (what: ProbeArg['meaning']): number =>
    indexOf(probe.args.find((candidate) => candidate.meaning === what)?.name);
  return probe.args.flatMap((arg): LateField[] => {
    const slot = slotOf(arg.field);
    if (slot === undefined || !(isLate(arg, slot) || guards.has(arg.name))) return [];
    const base = meaning('cid-base');
    const count = meaning('cid-count');
    return [
      {
        slot,
        how:
          arg.meaning === 'verdict'
            ? 'verdict'
            : slot.kind === 'cpus'
              ? base >= 0 && count >= 0
                ? 'cids'
                : 'mask'
              : slot.kind === 'str'
                ? 'text'
                : 'value',
        key: indexOf(arg.name),
        word: arg.word ?? 0,
        guard: indexOf(arg.guard?.arg),
        guardLocal: arg.guard?.test === 'local-dsq',
        base,
        count,
      },
    ];
  });
}

/** Has the event every field that its type requires? */
export function hasRequired(plan: NamedPlan, event: TraceEvent): boolean {
  const { presence } = event;
  const { required } = plan;
  for (let i = 0; i < required.length; i++) if ((~(presence[i] ?? 0) & (required[i] ?? 0)) !== 0) return false;
  return true;
}

/** Sets the fields that are the same in every event of the plan. */
export function setConstants(plan: NamedPlan, event: TraceEvent): void {
  const { constants } = plan;
  if (constants.length === 0) return;
  event.markAll(plan.constantPresence);
  for (let i = 0; i < constants.length; i++) {
    const constant = constants[i];
    if (constant === undefined) break;
    if (typeof constant.value === 'string') event.setText(constant.slot.index, constant.value);
    else event.words[constant.slot.index] = constant.value;
  }
}
