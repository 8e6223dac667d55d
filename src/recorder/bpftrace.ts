// The probe catalogue as a bpftrace program that prints a canonical trace, one JSON object a line.
import type { Probe, ProbeArg } from '../probes/probe.ts';
import { TRACE_FORMAT } from '../trace/header.ts';
import { addRecorded, type EventName } from '../trace/recorded.ts';
import { FIELDS, type FieldName } from '../trace/vocabulary/fields.ts';
import { EVENT_SPECS } from '../trace/vocabulary/index.ts';
import type { Btf } from './btf.ts';

export interface BpftraceOptions {
  readonly probes: readonly Probe[];
  /** Types of the kernel that the program is for: alternatives are chosen by them; undefined: the first of each. */
  readonly btf?: Btf;
  readonly kernel?: string;
  /** Architecture, as Node names it; undefined: this machine's. */
  readonly arch?: string;
}

export interface BpftraceProgram {
  readonly text: string;
  /** Probes that the kernel, or bpftrace, cannot have, with the reason. */
  readonly skipped: readonly { readonly event: string; readonly reason: string }[];
}

/** A field of the event: its key, its place in the format, its value. */
interface Printed {
  readonly key: string;
  readonly format: string;
  readonly value: string;
}

/** Id of a local DSQ. */
const LOCAL_DSQ = '0x8000000000000002';

/** Events of Linux 7.3 whose strings are dynamic; in all others of `sched` and `task` they are arrays. */
const DYNAMIC_STRINGS = new Set(['sched_process_fork', 'sched_process_exec']);

/** bpftrace attaches fentry only to functions with so many arguments, all of them in registers. */
const MAX_FENTRY_ARGS = 6;

/** Functions of Linux 7.3 that have more: the structs that their arguments point to, '' for numbers. */
const LONG_FUNCTIONS: Readonly<Record<string, readonly { readonly name: string; readonly struct: string }[]>> = {
  scx_dispatch_enqueue: [
    { name: 'sch', struct: 'scx_sched' },
    { name: 'rq', struct: 'rq' },
    { name: 'dsq', struct: 'scx_dispatch_q' },
    { name: 'p', struct: 'task_struct' },
    { name: 'slice', struct: '' },
    { name: 'vtime', struct: '' },
    { name: 'enq_flags', struct: '' },
  ],
  dispatch_to_local_dsq: [
    { name: 'sch', struct: 'scx_sched' },
    { name: 'rq', struct: 'rq' },
    { name: 'dst_dsq', struct: 'scx_dispatch_q' },
    { name: 'p', struct: 'task_struct' },
    { name: 'slice', struct: '' },
    { name: 'vtime', struct: '' },
    { name: 'enq_flags', struct: '' },
  ],
};

/** The program. It needs bpftrace 0.21 or later, and a kernel with BTF. */
export function bpftraceProgram(options: BpftraceOptions): BpftraceProgram {
  const skipped: { event: string; reason: string }[] = [];
  const recorded = new Set<EventName>();
  const blocks: string[] = [];
  const taken = new Set<string>();
  for (const probe of options.probes) {
    if (probe.system === 'ftrace') continue;
    const block = new ProbeBlock(probe, options.btf, options.arch ?? process.arch, taken).render();
    if (typeof block === 'string') {
      blocks.push(block);
      addRecorded(recorded, probe.type, probe.step);
    } else skipped.push({ event: probe.event, reason: block.reason });
  }
  const header = JSON.stringify({
    format: TRACE_FORMAT,
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    clock: 'mono',
    recorded: [...recorded],
  });
  const text = `#!/usr/bin/env bpftrace
// Prints a trace of the sched_ext core that scx-check reads. Lines of different CPUs can come out of order:
//   bpftrace THIS_FILE | sort -s -t: -k2,2n > trace.jsonl
config = { max_strlen = 64 }

BEGIN
{
  printf("${quoteFormat(header)}\\n");
}

${blocks.join('\n')}`;
  return { text, skipped };
}

class ProbeBlock {
  readonly #probe: Probe;
  readonly #btf: Btf | undefined;
  readonly #arch: string;
  readonly #taken: Set<string>;
  #symbol = '';
  /** Arguments of the function, when they are too many for fentry. */
  #long: readonly { readonly name: string; readonly struct: string }[] | undefined;

  constructor(probe: Probe, btf: Btf | undefined, arch: string, taken: Set<string>) {
    this.#probe = probe;
    this.#btf = btf;
    this.#arch = arch;
    this.#taken = taken;
  }

  /** The block, or why there is none. */
  render(): string | { readonly reason: string } {
    const probe = this.#probe;
    const attach = this.#attach();
    if (attach === undefined) {
      const reason =
        this.#long === undefined ? 'no such function' : 'bpftrace has no return probe with so many arguments';
      return { reason: `${reason}: ${probe.symbols.join(', ')}` };
    }
    if (probe.unlessSymbolTaken === true && this.#taken.has(attach)) return { reason: 'recorded by another probe' };
    const plain: Printed[] = [];
    const guarded: { readonly condition: string; readonly field: Printed }[] = [];
    let verdict: string | undefined;
    for (const arg of probe.args) {
      const value = this.#value(arg);
      if (value === undefined || arg.field === undefined) continue;
      if (arg.meaning === 'verdict') verdict = value;
      else if (arg.word !== undefined && arg.word > 0) continue;
      else {
        const field = printed(arg.field, value);
        if (field === undefined) continue;
        const condition = this.#condition(arg);
        if (condition === undefined) plain.push(field);
        else if (condition !== '') guarded.push({ condition, field });
      }
    }
    const has = new Set([...plain, ...guarded.map((entry) => entry.field)].map((field) => field.key));
    const lacking = EVENT_SPECS[probe.type].required.filter((field) => !has.has(field) && field !== 'step');
    const constants = Object.keys(probe.constants ?? {});
    const missing = lacking.filter((field) => !constants.includes(field));
    if (missing.length > 0) return { reason: `${missing.join(', ')} cannot be had` };
    const filter = probe.filter === undefined ? undefined : this.#filter(probe.filter);
    if (probe.filter !== undefined && filter === undefined) return { reason: `${probe.filter} cannot be told` };
    this.#taken.add(attach);
    const body = this.#body(plain, guarded, verdict);
    return `${attach}${filter === undefined ? '' : `\n/ ${filter} /`}\n{\n${body}\n}\n`;
  }

  #attach(): string | undefined {
    const { attach, symbols, system, event } = this.#probe;
    if (attach === 'event') return `tracepoint:${system}:${event}`;
    if (attach === 'tracepoint') return `rawtracepoint:${symbols[0]}`;
    const symbol = symbols.find((name) => this.#btf === undefined || this.#btf.func(name) !== undefined);
    if (symbol === undefined) return undefined;
    this.#symbol = symbol;
    this.#long = this.#longArguments();
    // A return probe of the other kind knows no arguments.
    if (this.#long !== undefined) return attach === 'return' ? undefined : `kprobe:${symbol}`;
    return `${attach === 'return' ? 'fexit' : 'fentry'}:vmlinux:${symbol}`;
  }

  /** Arguments of a function that has too many for fentry, with the structs that they point to; undefined for any other. */
  #longArguments(): readonly { readonly name: string; readonly struct: string }[] | undefined {
    const btf = this.#btf;
    if (btf === undefined) return LONG_FUNCTIONS[this.#symbol];
    const args = btf.func(this.#symbol)?.args ?? [];
    if (args.length <= MAX_FENTRY_ARGS) return undefined;
    return args.map(({ name, type }) => ({ name, struct: btf.structName(type) ?? '' }));
  }

  /**
   * What the function returned. Kfuncs with implicit arguments have one more for the kernel than their types say (those of
   * `<name>_impl`), and bpftrace looks for the result where that one is: the verifier refuses.
   */
  #returned(): string | undefined {
    const hidden =
      this.#btf === undefined ? /^_*scx_bpf_/.test(this.#symbol) : this.#btf.func(`${this.#symbol}_impl`) !== undefined;
    return hidden ? undefined : 'retval';
  }

  /** An argument by its name. */
  #argument(name: string): string | undefined {
    if (this.#long === undefined) return `args.${name}`;
    const index = this.#long.findIndex((arg) => arg.name === name);
    if (index < 0) return undefined;
    const { struct = '' } = this.#long[index] ?? {};
    const value = kprobeArgument(index, this.#arch);
    if (value === undefined) return undefined;
    return struct === '' ? value : `((struct ${struct} *)${value})`;
  }

  /** The first of the ways to fetch an argument that bpftrace and the kernel know. */
  #value(arg: ProbeArg): string | undefined {
    if (this.#probe.attach === 'event') return this.#eventValue(arg);
    if (this.#probe.attach === 'tracepoint') return rawSwitchValue(arg.fetch[0] ?? '');
    for (const fetch of arg.fetch) {
      const value = this.#translate(fetch);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #translate(fetch: string): string | undefined {
    const [expression = ''] = fetch.split(/:(?=\w+$)/);
    const dereferenced = /^\+(\d+)\((.+)\)$/.exec(expression);
    if (dereferenced !== null) {
      const [, offset = '0', path = ''] = dereferenced;
      const inner = this.#path(path);
      if (inner === undefined) return undefined;
      // An array is its contents to bpftrace, not its address.
      if (this.#isArray(path)) return `${inner}[${Number(offset) / 8}]`;
      return `*(uint64*)((uint64)${inner} + ${offset})`;
    }
    const value = this.#path(expression);
    if (value === undefined) return undefined;
    const isText = fetch.endsWith(':string');
    if (this.#isArray(expression)) {
      const address = this.#addressOf(expression);
      // A copy of a long text does not fit on the stack of a BPF program, str() has a place of its own.
      if (isText) return address === undefined ? undefined : `str((int8*)(${address}))`;
      return address === undefined ? undefined : `*(uint64*)(${address})`;
    }
    return isText ? `str(${value})` : value;
  }

  /** A field of an event: dynamic strings are pointers, arrays of characters are strings already. */
  #eventValue(arg: ProbeArg): string {
    const { event, system } = this.#probe;
    const value = `args.${arg.name}`;
    if (FIELDS[arg.field as FieldName]?.kind !== 'str') return value;
    const dynamic =
      this.#btf === undefined
        ? system === 'sched_ext' || DYNAMIC_STRINGS.has(event)
        : this.#btf.structHas(`trace_event_raw_${event}`, `__data_loc_${arg.name}`);
    return dynamic ? `str(${value})` : value;
  }

  /** Is what the path leads to an array? Without the types of a kernel those of 7.3 are known. */
  #isArray(expression: string): boolean {
    const btf = this.#btf;
    if (btf === undefined) return /(?:->comm|ops\.name|->has_op|->ancestors)$/.test(expression);
    const [root = '', ...path] = expression.split(/->|\./);
    const func = btf.func(this.#symbol);
    const type = root === '$retval' ? func?.returns : func?.args.find((arg) => arg.name === root)?.type;
    const member = type === undefined ? undefined : btf.member(type, path);
    return member !== undefined && btf.isArray(member);
  }

  /** Where an array lies: `sch->ancestors`, `$retval->ops.name`. Only the types of a kernel tell. */
  #addressOf(expression: string): string | undefined {
    const [root = '', member = '', ...more] = expression.split('->');
    const func = this.#btf?.func(this.#symbol);
    const type = root === '$retval' ? func?.returns : func?.args.find((arg) => arg.name === root)?.type;
    const base = this.#path(root);
    if (this.#btf === undefined || type === undefined || base === undefined || more.length > 0) return undefined;
    const offset = this.#btf.memberOffset(type, member.split('.'));
    return offset === undefined ? undefined : `(uint64)${base} + ${offset}`;
  }

  /** `p->scx.flags` with `args.` or `retval` in front; undefined for casts, per-CPU pointers and what the kernel lacks. */
  #path(expression: string): string | undefined {
    const match = /^(\$retval|[A-Za-z_]\w*)((?:(?:->|\.)\w+)*)$/.exec(expression);
    if (match === null) return undefined;
    const [, root = '', rest = ''] = match;
    const base = root === '$retval' ? this.#returned() : this.#argument(root);
    if (base === undefined) return undefined;
    if (this.#btf !== undefined) {
      const func = this.#btf.func(this.#symbol);
      const type = root === '$retval' ? func?.returns : func?.args.find((arg) => arg.name === root)?.type;
      if (type === undefined) return undefined;
      if (this.#btf.member(type, rest.split(/->|\./).slice(1)) === undefined) return undefined;
    }
    return `${base}${rest}`;
  }

  /** Under which condition the value means something: undefined always, '' when that cannot be told. */
  #condition(arg: ProbeArg): string | undefined {
    const { guard } = arg;
    if (guard === undefined) return undefined;
    const other = this.#probe.args.find((candidate) => candidate.name === guard.arg);
    const value = other === undefined ? undefined : this.#value(other);
    if (value === undefined) return '';
    return guard.test === 'local-dsq' ? `${value} == ${LOCAL_DSQ}` : isPointer(value);
  }

  /** Event filters name arguments of the event. */
  #filter(filter: string): string | undefined {
    const match = /^(\w+)(\s.*)$/.exec(filter);
    const arg = this.#probe.args.find((candidate) => candidate.name === match?.[1]);
    const value = arg === undefined ? (match?.[1] === 'ret' ? this.#returned() : undefined) : this.#value(arg);
    return value === undefined ? undefined : `(uint64)${value}${match?.[2] ?? ''}`;
  }

  #body(
    plain: readonly Printed[],
    guarded: readonly { readonly condition: string; readonly field: Printed }[],
    verdict: string | undefined,
  ): string {
    const [first] = guarded;
    const withAll = [...plain, ...guarded.map((entry) => entry.field)];
    if (verdict !== undefined) {
      return [
        `  if (${isPointer(verdict)}) {`,
        `    ${this.#print([constant('verdict', 'task'), ...withAll])}`,
        `  } else if ((uint64)${verdict} == 0) {`,
        `    ${this.#print([constant('verdict', 'none'), ...plain])}`,
        '  } else {',
        `    ${this.#print([constant('verdict', 'retry'), ...plain])}`,
        '  }',
      ].join('\n');
    }
    if (first === undefined) return `  ${this.#print(plain)}`;
    return `  if (${first.condition}) {\n    ${this.#print(withAll)}\n  } else {\n    ${this.#print(plain)}\n  }`;
  }

  #print(fields: readonly Printed[]): string {
    const { type, phase, step, constants } = this.#probe;
    const all = [
      ...(phase === undefined ? [] : [constant('phase', phase)]),
      ...(step === undefined ? [] : [constant('step', step)]),
      ...Object.entries(constants ?? {}).map(([key, value]) => fixed(key, value)),
      ...fields,
      ...(fields.some((field) => isMask(field.key)) ? [{ key: 'cpus_bits', format: '64', value: '' }] : []),
    ];
    const text = all.map(({ key, format }) => `,"${key}":${format}`).join('');
    const values = all.map(({ value }) => value).filter((value) => value !== '');
    const format = `{"ts":%llu,"cpu":%d,"type":"${type}"${text}}`;
    return `printf("${quoteFormat(format)}\\n", ${['nsecs(monotonic)', 'cpu', ...values].join(', ')});`;
  }
}

/** Where a kprobe finds an argument; undefined where the calling convention is not known here. */
function kprobeArgument(index: number, arch: string): string | undefined {
  if (index < 6) return `arg${index}`;
  if (arch === 'arm64' && index < 8) return `arg${index}`;
  return arch === 'x64' ? `(*(uint64*)(reg("sp") + ${8 * (index - 5)}))` : undefined;
}

function isMask(key: string): boolean {
  return FIELDS[key as FieldName]?.kind === 'cpus';
}

function constant(key: string, text: string): Printed {
  return { key, format: JSON.stringify(text), value: '' };
}

function fixed(key: string, value: number): Printed {
  const bool = FIELDS[key as FieldName]?.kind === 'bool';
  return { key, format: bool ? String(value !== 0) : String(value), value: '' };
}

/** How a field is printed in JSON; undefined for what one value cannot show. */
function printed(key: string, value: string): Printed | undefined {
  const kind = FIELDS[key as FieldName]?.kind;
  switch (kind) {
    case 'int':
      return { key, format: '%d', value: `(int32)${value}` };
    case 'uint':
      return { key, format: '%u', value: `(uint32)${value}` };
    case 'bool':
      // Whole, since the verifier refuses to read a part of a pointer.
      return { key, format: '%s', value: `(uint64)${value} != 0 ? "true" : "false"` };
    case 'u64':
      return { key, format: '"%llu"', value: `(uint64)${value}` };
    case 's64':
      return { key, format: '"%lld"', value: `(int64)${value}` };
    case 'hex':
    case 'id':
    case 'dsq':
      return { key, format: '"0x%llx"', value: `(uint64)${value}` };
    case 'cpus':
      return key === 'cids' ? undefined : { key, format: '"0x%llx"', value };
    case 'str':
      return { key, format: '"%s"', value };
    default:
      return undefined;
  }
}

/** Neither NULL nor an error. */
function isPointer(value: string): string {
  return `(uint64)${value} != 0 && (uint64)${value} < 0xfffffffffffff001`;
}

/** Arguments of the raw tracepoint sched_switch(preempt, prev, next, prev_state). */
function rawSwitchValue(fetch: string): string | undefined {
  const [expression = ''] = fetch.split(/:(?=\w+$)/);
  if (expression === 'preempt') return 'arg0';
  if (expression === 'prev_state') return 'arg3';
  const mask = /^\+(\d+)\((.+)\)$/.exec(expression);
  const path = mask?.[2] ?? expression;
  const task = path.startsWith('prev->') ? 'arg1' : path.startsWith('next->') ? 'arg2' : undefined;
  if (task === undefined) return undefined;
  const value = `((struct task_struct *)${task})${path.slice('prev'.length)}`;
  return mask === null ? value : `*(uint64*)((uint64)${value} + ${mask[1]})`;
}

function quoteFormat(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
