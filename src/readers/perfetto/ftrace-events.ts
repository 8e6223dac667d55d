// Turns ftrace events of Perfetto into trace events: the known ones by field number, generic ones by the names they carry.
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';
import { hasRequired, type KeySpec, type NamedPlan, planOf, setConstants } from '../named/event-plan.ts';
import { LateFields } from '../named/late-fields.ts';
import { StringTable } from '../string-table.ts';
import { MessageReader } from './message-reader.ts';
import { WIRE } from './proto-reader.ts';
import { DESCRIPTOR, FIELD_DESCRIPTOR, GENERIC, GENERIC_FIELD, KNOWN_EVENTS, OTHER_EVENTS } from './schema.ts';

/** How a message with numbered fields is read. */
interface NumberedPlan {
  readonly plan: NamedPlan;
  /** Key of each field number. */
  readonly keys: readonly (KeySpec | undefined)[];
  /** Fields that are zero when they are absent: the encoding leaves zeros out. */
  readonly zeros: readonly KeySpec[];
}

const KNOWN: ReadonlyMap<number, NumberedPlan> = new Map(
  KNOWN_EVENTS.flatMap(({ number, name, fields }) => {
    const plan = planOf(name);
    return plan === undefined
      ? []
      : [[number, numbered(plan, new Map(Object.entries(fields).map(([n, key]) => [Number(n), key])))]];
  }),
);

function numbered(plan: NamedPlan, names: ReadonlyMap<number, string>): NumberedPlan {
  const keys: (KeySpec | undefined)[] = [];
  for (const [number, name] of names) keys[number] = plan.keys.find((key) => key.name === name);
  // Numbers of known events; of dynamic events an argument may be missing.
  const zeros = plan.probe.attach === 'event' ? keys.filter((key) => key !== undefined && key.word >= 0) : [];
  return { plan, keys, zeros: zeros as KeySpec[] };
}

const decoder = new TextDecoder();

export class FtraceEvents {
  /** Plans of generic events by name, and of those with a descriptor by field number. */
  readonly #generic = new Map<string, NamedPlan | undefined>();
  readonly #described = new Map<number, NumberedPlan>();
  readonly #describedNames = new Map<number, string>();
  readonly #message = new MessageReader();
  readonly #inner = new MessageReader();
  readonly #strings = new StringTable();
  readonly #late: LateFields;
  readonly #comms = new Map<number, string>();
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** `nrCpuIds` and `certain` as in LateFields. */
  constructor(nrCpuIds: number, certain: boolean) {
    this.#late = new LateFields(nrCpuIds, certain);
  }

  /** Learns the layout of events that the recording Perfetto did not know: a DescriptorProto for a field number. */
  describe(number: number, descriptor: Uint8Array): void {
    const outer = new MessageReader();
    outer.reset(descriptor, 0, descriptor.length);
    let name = '';
    const fields = new Map<number, string>();
    while (outer.next()) {
      if (outer.field === DESCRIPTOR.name) name = decoder.decode(descriptor.subarray(outer.from, outer.to));
      else if (outer.field === DESCRIPTOR.field) {
        const inner = new MessageReader();
        inner.reset(descriptor, outer.from, outer.to);
        let fieldName = '';
        let fieldNumber = 0;
        while (inner.next()) {
          if (inner.field === FIELD_DESCRIPTOR.name)
            fieldName = decoder.decode(descriptor.subarray(inner.from, inner.to));
          else if (inner.field === FIELD_DESCRIPTOR.number) fieldNumber = inner.lo;
        }
        fields.set(fieldNumber, fieldName);
      }
    }
    this.#describedNames.set(number, name);
    const plan = planOf(name);
    if (plan !== undefined) this.#described.set(number, numbered(plan, fields));
  }

  /** The event's name for reports. */
  nameOf(number: number): string {
    const known = KNOWN.get(number)?.plan.probe.event;
    return known ?? this.#describedNames.get(number) ?? OTHER_EVENTS[number] ?? `ftrace event ${number}`;
  }

  /** Plan of the events with that field number; undefined for those that become no event. */
  planOfNumber(number: number): NamedPlan | undefined {
    return (KNOWN.get(number) ?? this.#described.get(number))?.plan;
  }

  /** Name of the generic event at `from..to`. */
  genericName(bytes: Uint8Array, from: number, to: number): string {
    const message = this.#message;
    message.reset(bytes, from, to);
    while (message.next()) {
      if (message.field === GENERIC.name) {
        this.#use(bytes);
        return this.#strings.intern(this.#view, message.from, message.to - message.from);
      }
    }
    return '';
  }

  planOfGeneric(name: string): NamedPlan | undefined {
    if (!this.#generic.has(name)) this.#generic.set(name, planOf(name));
    return this.#generic.get(name);
  }

  /** Fills `event` from the message at `from..to`; false when it becomes none. */
  fill(number: number, bytes: Uint8Array, from: number, to: number, event: TraceEvent): boolean {
    const known = KNOWN.get(number) ?? this.#described.get(number);
    if (known === undefined) return false;
    const { plan, keys, zeros } = known;
    this.#use(bytes);
    event.begin(plan.kind);
    setConstants(plan, event);
    if (plan.late.length > 0) this.#late.begin();
    for (let i = 0; i < zeros.length; i++) {
      const key = zeros[i];
      if (key?.slot === undefined) continue;
      event.words[key.word] = 0;
      event.mark(key.slot);
    }
    const message = this.#message;
    message.reset(bytes, from, to);
    while (message.next()) {
      const key = keys[message.field];
      if (key !== undefined) this.#set(key, message, message.wire === WIRE.bytes, event);
    }
    return !message.broken && this.#complete(plan, event);
  }

  /** Fills `event` from a generic event; false when the catalogue has no such event. */
  fillGeneric(bytes: Uint8Array, from: number, to: number, event: TraceEvent): boolean {
    const plan = this.planOfGeneric(this.genericName(bytes, from, to));
    if (plan === undefined) return false;
    event.begin(plan.kind);
    setConstants(plan, event);
    if (plan.late.length > 0) this.#late.begin();
    const message = this.#message;
    message.reset(bytes, from, to);
    while (message.next())
      if (message.field === GENERIC.field) this.#genericField(plan, bytes, message.from, message.to, event);
    return !message.broken && this.#complete(plan, event);
  }

  /** The task's command name when it is not the one seen last. Remembers it. */
  newComm(pid: number, comm: string): boolean {
    if (this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    return true;
  }

  #genericField(plan: NamedPlan, bytes: Uint8Array, from: number, to: number, event: TraceEvent): void {
    const inner = this.#inner;
    inner.reset(bytes, from, to);
    let key: KeySpec | undefined;
    while (inner.next()) {
      if (inner.field === GENERIC_FIELD.name) {
        const name = this.#strings.intern(this.#view, inner.from, inner.to - inner.from);
        key = plan.keys.find((candidate) => candidate.name === name);
      } else if (key !== undefined) this.#set(key, inner, inner.field === GENERIC_FIELD.text, event);
    }
  }

  #set(key: KeySpec, value: MessageReader, isText: boolean, event: TraceEvent): void {
    const { slot } = key;
    if (isText) {
      const text = this.#strings.intern(this.#view, value.from, value.to - value.from);
      if (slot?.kind !== 'str') return;
      if (key.isLate) this.#late.setText(key.index, text);
      else event.setString(slot, text);
      return;
    }
    if (key.isLate) {
      this.#late.setNumber(key.index, value.hi, value.lo);
      return;
    }
    if (slot === undefined || slot.kind === 'str' || slot.kind === 'cpus') return;
    event.words[slot.index] = value.lo;
    if (isWide(slot.kind)) event.words[slot.index + 1] = value.hi;
    event.mark(slot);
  }

  #complete(plan: NamedPlan, event: TraceEvent): boolean {
    if (plan.late.length > 0) this.#late.finish(plan, event);
    const { comms } = plan;
    for (let i = 0; i < comms.length; i++) {
      const name = comms[i];
      if (name === undefined || !event.hasSlot(name.slot) || !event.hasSlot(name.owner)) continue;
      const pid = event.low(name.owner);
      if (pid === 0 || !this.newComm(pid, event.string(name.slot))) event.drop(name.slot.field);
    }
    if (plan.named === 'print' && event.text.endsWith('\n')) event.setString(SLOT.text, event.text.slice(0, -1));
    return hasRequired(plan, event);
  }

  #use(bytes: Uint8Array): void {
    if (this.#view.buffer !== bytes.buffer || this.#view.byteOffset !== bytes.byteOffset)
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}
