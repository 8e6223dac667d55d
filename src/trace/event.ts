// The one event record that readers fill and the model reads: fixed shape, reused for every event.
import { CpuMask } from './cpu-mask.ts';
import { TIME_ZERO } from './time.ts';
import { formatDecimal, toBigInt, toSignedBigInt } from './u64.ts';
import {
  type BoolField,
  FIELD_NAMES,
  FIELDS,
  type FieldKind,
  type FieldName,
  type IntField,
  isWide,
  type MaskField,
  type StringField,
  type WideField,
} from './vocabulary/fields.ts';
import { EVENT_TYPES, type EventType } from './vocabulary/index.ts';

/** Where a field lives in the record. Numbers take one or two words of `words`; strings and masks have arrays of their own. */
export interface Slot {
  readonly field: FieldName;
  readonly kind: FieldKind;
  /** Dense number of the field, the bit of its presence flag. */
  readonly id: number;
  /** Index into `words` (the low half of a wide field), `strings` or `masks`. */
  readonly index: number;
}

/** Names of the record itself that no field may have. */
const RESERVED = new Set<string>([
  'kind',
  'seq',
  't',
  'ts',
  'cpu',
  'type',
  'position',
  'moment',
  'phaseText',
  'stepText',
  'words',
  'strings',
  'masks',
  'presence',
]);

const slots: Slot[] = [];
let wordCount = 0;
let stringCount = 0;
let maskCount = 0;
for (const [id, field] of FIELD_NAMES.entries()) {
  const { kind } = FIELDS[field];
  if (RESERVED.has(field)) throw new Error(`field name ${field} is taken`);
  if (kind === 'str') slots.push({ field, kind, id, index: stringCount++ });
  else if (kind === 'cpus') slots.push({ field, kind, id, index: maskCount++ });
  else {
    slots.push({ field, kind, id, index: wordCount });
    wordCount += isWide(kind) ? 2 : 1;
  }
}

/** Slots in the order of `FIELD_NAMES`. */
export const SLOTS: readonly Slot[] = slots;

/** Slot of each field. */
export const SLOT = Object.fromEntries(slots.map((slot) => [slot.field, slot])) as { readonly [F in FieldName]: Slot };

const PHASE = SLOT.phase.index;
const STEP = SLOT.step.index;

/** Slot number by field. A Map, because an object with that many keys is looked up three times slower. */
const ID_OF: ReadonlyMap<FieldName, number> = new Map(slots.map((slot) => [slot.field, slot.id]));

const PRESENCE_WORDS = (slots.length + 31) >> 5;

/** What absent fields read as. */
const DEFAULT_WORDS = new Int32Array(wordCount);
for (const slot of slots) if (slot.kind === 'int') DEFAULT_WORDS[slot.index] = -1;

/** Presence bits of the fields that live outside `words` and must be emptied one by one. */
const TEXT_PRESENCE = new Int32Array(PRESENCE_WORDS);
for (const slot of slots) {
  if (slot.kind === 'str' || slot.kind === 'cpus')
    TEXT_PRESENCE[slot.id >> 5] = (TEXT_PRESENCE[slot.id >> 5] ?? 0) | (1 << (slot.id & 31));
}

type IntAccess = { [F in IntField]: number };
type BoolAccess = { [F in BoolField]: boolean };
type WideAccess = { [F in WideField as `${F}_hi` | `${F}_lo`]: number };
type MaskAccess = { readonly [F in MaskField]: CpuMask };
type StringAccess = { [F in StringField]: string };

/**
 * Typed access by field name. An absent field reads as -1 (int), 0 (uint, 64 bit), false, '' or the empty mask; `has()`
 * tells absence from a value. Wide fields are read as two signed 32-bit halves, `<field>_hi` and `<field>_lo`.
 */
export type FieldAccess = IntAccess & BoolAccess & WideAccess & MaskAccess & StringAccess;

/** An event as the stages after the reader see it. One record is reused: keep nothing of it across events but copies. */
export type TraceEvent = TraceEventRecord & FieldAccess;

class TraceEventRecord {
  /** Dense number of the event type, `KIND[type]`. */
  kind = 0;
  /** Ordinal in the trace, from 0. */
  seq = 0;
  /** Time since the time base of the trace, ns, exact. */
  t = TIME_ZERO;
  /** CPU that executed. */
  cpu = 0;
  /** Place in the input: line number, or byte offset; only the reader that set it can spell it. */
  position = TIME_ZERO;

  /** Number of its moment (see moment.ts); -1: nobody has looked yet. */
  moment = -1;
  /** What `strings` holds of the two fields that are asked for most. */
  phaseText = '';
  stepText = '';

  readonly words = new Int32Array(DEFAULT_WORDS);
  /** To be read; written by `setText`. */
  readonly strings: string[] = new Array<string>(stringCount).fill('');
  readonly masks: CpuMask[] = Array.from({ length: maskCount }, () => new CpuMask());
  readonly presence = new Int32Array(PRESENCE_WORDS);

  /** Empties the record and makes it an event of `kind`. */
  begin(kind: number): void {
    this.kind = kind;
    this.moment = -1;
    this.words.set(DEFAULT_WORDS);
    const { presence } = this;
    for (let i = 0; i < PRESENCE_WORDS; i++) {
      for (let bits = (presence[i] ?? 0) & (TEXT_PRESENCE[i] ?? 0); bits !== 0; bits &= bits - 1) {
        const slot = slots[(i << 5) + 31 - Math.clz32(bits & -bits)];
        if (slot !== undefined) this.#reset(slot);
      }
      presence[i] = 0;
    }
  }

  get type(): EventType {
    return EVENT_TYPES[this.kind] ?? 'mark';
  }

  has(field: FieldName): boolean {
    const id = ID_OF.get(field) ?? 0;
    return (((this.presence[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
  }

  hasSlot(slot: Slot): boolean {
    return (((this.presence[slot.id >> 5] ?? 0) >>> (slot.id & 31)) & 1) === 1;
  }

  /** Marks a field present whose value was stored directly. */
  mark(slot: Slot): void {
    this.presence[slot.id >> 5] = (this.presence[slot.id >> 5] ?? 0) | (1 << (slot.id & 31));
  }

  /** Marks all fields of a precomputed set present (see `presenceOf`). */
  markAll(bits: Int32Array): void {
    const { presence } = this;
    for (let i = 0; i < PRESENCE_WORDS; i++) presence[i] = (presence[i] ?? 0) | (bits[i] ?? 0);
  }

  /** Makes a field absent. */
  drop(field: FieldName): void {
    this.dropSlot(SLOT[field]);
  }

  dropSlot(slot: Slot): void {
    this.presence[slot.id >> 5] = (this.presence[slot.id >> 5] ?? 0) & ~(1 << (slot.id & 31));
    this.#reset(slot);
  }

  setInt(slot: Slot, value: number): void {
    this.words[slot.index] = value;
    this.mark(slot);
  }

  setWide(slot: Slot, hi: number, lo: number): void {
    this.words[slot.index] = lo;
    this.words[slot.index + 1] = hi;
    this.mark(slot);
  }

  setString(slot: Slot, value: string): void {
    this.setText(slot.index, value);
    this.mark(slot);
  }

  /** Stores a text at its place in `strings`, and does not mark it present. */
  setText(index: number, value: string): void {
    this.strings[index] = value;
    if (index === PHASE) this.phaseText = value;
    else if (index === STEP) this.stepText = value;
    else return;
    this.moment = -1;
  }

  /** The mask of a slot, marked present, for the caller to fill. */
  setMask(slot: Slot): CpuMask {
    this.mark(slot);
    const mask = this.masks[slot.index];
    if (mask === undefined) throw new RangeError(`field ${slot.field} is no mask`);
    return mask;
  }

  low(slot: Slot): number {
    return this.words[slot.index] ?? 0;
  }

  high(slot: Slot): number {
    return this.words[slot.index + 1] ?? 0;
  }

  string(slot: Slot): string {
    return this.strings[slot.index] ?? '';
  }

  /** The exact value of a field in plain JavaScript: undefined when absent. For output, not for the hot path. */
  value(field: FieldName): number | bigint | boolean | string | CpuMask | undefined {
    const slot = SLOT[field];
    if (!this.hasSlot(slot)) return undefined;
    switch (slot.kind) {
      case 'int':
        return this.low(slot);
      case 'uint':
        return this.low(slot) >>> 0;
      case 'bool':
        return this.low(slot) !== 0;
      case 'str':
        return this.string(slot);
      case 'cpus':
        return this.masks[slot.index];
      case 's64':
        return toSignedBigInt(this.high(slot), this.low(slot));
      case 'u64':
      case 'hex':
      case 'id':
      case 'dsq':
        return toBigInt(this.high(slot), this.low(slot));
    }
  }

  /** Decimal text of a wide field. */
  decimal(field: WideField): string {
    const slot = SLOT[field];
    return formatDecimal(this.high(slot), this.low(slot));
  }

  /** Makes this record equal to another. */
  copy(other: TraceEventRecord): void {
    this.kind = other.kind;
    this.seq = other.seq;
    this.t = other.t;
    this.cpu = other.cpu;
    this.position = other.position;
    this.words.set(other.words);
    this.presence.set(other.presence);
    for (let i = 0; i < stringCount; i++) this.setText(i, other.strings[i] ?? '');
    for (let i = 0; i < maskCount; i++) {
      const from = other.masks[i];
      if (from !== undefined) this.masks[i]?.copy(from);
    }
  }

  #reset(slot: Slot): void {
    switch (slot.kind) {
      case 'int':
        this.words[slot.index] = -1;
        break;
      case 'uint':
      case 'bool':
        this.words[slot.index] = 0;
        break;
      case 'str':
        this.setText(slot.index, '');
        break;
      case 'cpus':
        this.masks[slot.index]?.clear();
        break;
      default:
        this.words[slot.index] = 0;
        this.words[slot.index + 1] = 0;
    }
  }
}

/** Accessors of the prototype, by which fields are read and written by name. */
type Accessors = PropertyDescriptor & ThisType<TraceEventRecord>;

function textAccessors(slot: Slot): Accessors {
  const { index } = slot;
  const set = function (this: TraceEventRecord, value: string): void {
    this.setString(slot, value);
  };
  if (index === PHASE)
    return {
      get() {
        return this.phaseText;
      },
      set,
    };
  if (index === STEP)
    return {
      get() {
        return this.stepText;
      },
      set,
    };
  return {
    get() {
      return this.strings[index] ?? '';
    },
    set,
  };
}

function maskAccessors({ index }: Slot): Accessors {
  return {
    get() {
      return this.masks[index];
    },
  };
}

function boolAccessors(slot: Slot): Accessors {
  const { index } = slot;
  return {
    get() {
      return (this.words[index] ?? 0) !== 0;
    },
    set(value: boolean) {
      this.setInt(slot, value ? 1 : 0);
    },
  };
}

function uintAccessors(slot: Slot): Accessors {
  const { index } = slot;
  return {
    get() {
      return (this.words[index] ?? 0) >>> 0;
    },
    set(value: number) {
      this.setInt(slot, value | 0);
    },
  };
}

function wordAccessors(slot: Slot, at: number): Accessors {
  return {
    get() {
      return this.words[at] ?? 0;
    },
    set(value: number) {
      this.words[at] = value;
      this.mark(slot);
    },
  };
}

// Some five hundred, at every start: nothing is made for them that is not kept.
const PROTOTYPE = TraceEventRecord.prototype;
for (const slot of slots) {
  const { field, kind, index } = slot;
  if (kind === 'str') Object.defineProperty(PROTOTYPE, field, textAccessors(slot));
  else if (kind === 'cpus') Object.defineProperty(PROTOTYPE, field, maskAccessors(slot));
  else if (kind === 'bool') Object.defineProperty(PROTOTYPE, field, boolAccessors(slot));
  else if (kind === 'uint') Object.defineProperty(PROTOTYPE, field, uintAccessors(slot));
  else if (kind === 'int') Object.defineProperty(PROTOTYPE, field, wordAccessors(slot, index));
  else {
    Object.defineProperty(PROTOTYPE, `${field}_lo`, wordAccessors(slot, index));
    Object.defineProperty(PROTOTYPE, `${field}_hi`, wordAccessors(slot, index + 1));
  }
}

/** The presence bits of a set of fields, for `markAll`. */
export function presenceOf(fields: Iterable<Slot>): Int32Array {
  const bits = new Int32Array(PRESENCE_WORDS);
  for (const { id } of fields) bits[id >> 5] = (bits[id >> 5] ?? 0) | (1 << (id & 31));
  return bits;
}

/** A new, empty record. */
export function newTraceEvent(): TraceEvent {
  const event = new TraceEventRecord();
  // The accessors of FieldAccess are defined on the prototype from the field table above.
  return event as TraceEvent;
}
