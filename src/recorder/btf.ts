// Reads the type information of a kernel (BTF): which functions there are, their arguments, and what a path through structs leads to.
import { InputError } from '../errors.ts';

const MAGIC = 0xeb9f;

const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

/** Bytes that follow the 12-byte header of a type, fixed part and per member. */
const EXTRA: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  [KIND.int]: [4, 0],
  [KIND.array]: [12, 0],
  [KIND.struct]: [0, 12],
  [KIND.union]: [0, 12],
  [KIND.enum]: [0, 8],
  [KIND.funcProto]: [0, 8],
  [KIND.variable]: [4, 0],
  [KIND.dataSection]: [0, 12],
  [KIND.declTag]: [4, 0],
  [KIND.enum64]: [0, 12],
};

export interface BtfArgument {
  readonly name: string;
  readonly type: number;
}

export interface BtfFunction {
  readonly args: readonly BtfArgument[];
  readonly returns: number;
}

export class Btf {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  readonly #littleEndian: boolean;
  /** Offset of each type; id 0 is void. */
  readonly #offsets: number[] = [-1];
  readonly #functions = new Map<string, number>();
  readonly #byName = new Map<string, number>();

  /** `bytes` as in /sys/kernel/btf/vmlinux; an InputError when they are no BTF. */
  constructor(path: string, bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const damaged = (position: number, what: string): InputError =>
      new InputError({ code: 'damaged', path, position: `byte ${position}`, expected: 'BTF of a kernel' }, what);
    if (bytes.length < 24) throw damaged(0, 'the file is too short');
    this.#littleEndian = view.getUint16(0, true) === MAGIC;
    if (!this.#littleEndian && view.getUint16(0, false) !== MAGIC) throw damaged(0, 'not a BTF file');
    this.#view = view;
    const headerLength = this.#u32(4);
    const typesAt = headerLength + this.#u32(8);
    const typesEnd = typesAt + this.#u32(12);
    const stringsAt = headerLength + this.#u32(16);
    if (typesEnd > bytes.length || stringsAt + this.#u32(20) > bytes.length)
      throw damaged(8, 'the file ends too early');
    this.#strings = bytes.subarray(stringsAt, stringsAt + this.#u32(20));
    for (let at = typesAt; at < typesEnd; ) {
      const info = this.#u32(at + 4);
      const kind = (info >>> 24) & 0x1f;
      const [fixed, each] = EXTRA[kind] ?? [0, 0];
      if (kind === KIND.func) this.#functions.set(this.#string(this.#u32(at)), this.#offsets.length);
      this.#offsets.push(at);
      at += 12 + fixed + each * (info & 0xffff);
    }
  }

  /** The function, as BTF describes it; undefined when the kernel has none (or inlined it). */
  func(name: string): BtfFunction | undefined {
    const id = this.#functions.get(name);
    if (id === undefined) return undefined;
    const proto = this.#offset(this.#u32(this.#offset(id) + 8));
    const args: BtfArgument[] = [];
    for (let i = 0; i < (this.#u32(proto + 4) & 0xffff); i++) {
      const at = proto + 12 + i * 8;
      args.push({ name: this.#string(this.#u32(at)), type: this.#u32(at + 4) });
    }
    return { args, returns: this.#u32(proto + 8) };
  }

  /** Type behind `.a.b` or `->a->b`, from a struct or a pointer to one; undefined when there is no such member. */
  member(type: number, path: readonly string[]): number | undefined {
    let current: number | undefined = type;
    for (const name of path) {
      current = this.#memberOf(this.#struct(current), name);
      if (current === undefined) return undefined;
    }
    return current;
  }

  isArray(type: number): boolean {
    return this.#kind(this.#bare(type)) === KIND.array;
  }

  /** Bytes from the beginning of the struct that `type` is or points to up to a member of its own; undefined when it has none. */
  memberOffset(type: number, path: readonly string[]): number | undefined {
    let sum = 0;
    let current = type;
    for (const name of path) {
      const offset = this.#offsetIn(this.#struct(current), name);
      const next = this.#memberOf(this.#struct(current), name);
      if (offset === undefined || next === undefined) return undefined;
      sum += offset;
      current = next;
    }
    return sum;
  }

  /** Has the kernel a struct of this name, and in it a member of that one? */
  structHas(name: string, member: string): boolean {
    const struct = this.#structs().get(name);
    return struct !== undefined && this.#memberOf(struct, member) !== undefined;
  }

  /** Name of the struct that a pointer leads to; undefined for what is no pointer to one, or to one without a name. */
  structName(type: number): string | undefined {
    const struct = this.isPointer(type) ? this.#struct(type) : 0;
    const name = struct === 0 ? '' : this.#string(this.#u32(this.#offset(struct)));
    return name === '' ? undefined : name;
  }

  isPointer(type: number): boolean {
    return this.#kind(this.#bare(type)) === KIND.pointer;
  }

  /** The struct that a type is or points to; 0 when it is none. */
  #struct(type: number): number {
    let bare = this.#bare(type);
    if (this.#kind(bare) === KIND.pointer) bare = this.#bare(this.#u32(this.#offset(bare) + 8));
    const kind = this.#kind(bare);
    return kind === KIND.struct || kind === KIND.union ? bare : 0;
  }

  #memberOf(struct: number, name: string): number | undefined {
    if (struct === 0) return undefined;
    const at = this.#offset(struct);
    for (let i = 0; i < (this.#u32(at + 4) & 0xffff); i++) {
      const member = at + 12 + i * 12;
      const memberName = this.#string(this.#u32(member));
      const type = this.#u32(member + 4);
      if (memberName === name) return type;
      if (memberName !== '') continue;
      const nested = this.#memberOf(this.#struct(type), name);
      if (nested !== undefined) return nested;
    }
    return undefined;
  }

  #offsetIn(struct: number, name: string): number | undefined {
    if (struct === 0) return undefined;
    const at = this.#offset(struct);
    // In structs with bit fields the lower 24 bits are the offset.
    const hasBitFields = this.#u32(at + 4) >>> 31 === 1;
    for (let i = 0; i < (this.#u32(at + 4) & 0xffff); i++) {
      const member = at + 12 + i * 12;
      const bits = hasBitFields ? this.#u32(member + 8) & 0xffffff : this.#u32(member + 8);
      const memberName = this.#string(this.#u32(member));
      if (memberName === name) return bits >>> 3;
      if (memberName !== '') continue;
      const nested = this.#offsetIn(this.#struct(this.#u32(member + 4)), name);
      if (nested !== undefined) return (bits >>> 3) + nested;
    }
    return undefined;
  }

  /** Named structs of events, which few programs need. */
  #structs(): ReadonlyMap<string, number> {
    if (this.#byName.size > 0) return this.#byName;
    for (let type = 1; type < this.#offsets.length; type++) {
      if (this.#kind(type) !== KIND.struct) continue;
      const name = this.#string(this.#u32(this.#offset(type)));
      if (name.startsWith('trace_event_raw_')) this.#byName.set(name, type);
    }
    return this.#byName;
  }

  /** Without typedefs and qualifiers. */
  #bare(type: number): number {
    let current = type;
    for (;;) {
      switch (this.#kind(current)) {
        case KIND.typedef:
        case KIND.volatile:
        case KIND.const:
        case KIND.restrict:
        case KIND.typeTag:
          current = this.#u32(this.#offset(current) + 8);
          break;
        default:
          return current;
      }
    }
  }

  #kind(type: number): number {
    return type === 0 ? 0 : (this.#u32(this.#offset(type) + 4) >>> 24) & 0x1f;
  }

  #offset(type: number): number {
    const offset = this.#offsets[type];
    if (offset === undefined) throw new RangeError(`no BTF type ${type}`);
    return offset;
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }

  #string(at: number): string {
    const end = this.#strings.indexOf(0, at);
    return Buffer.from(this.#strings.subarray(at, end)).toString('latin1');
  }
}
