// How one trace event is recorded and what it becomes: the shape of the entries of the probe catalogue.
import type { EventType, FieldsOf } from '../trace/vocabulary/index.ts';

/**
 * Recording level: 1 is all that a rule can need to be decided (every error that the core raises on the scheduling path
 * can be predicted from it), 2 adds names, life cycle and results that explain more, 3 adds reads and idle tracking.
 */
export type ProbeLevel = 1 | 2 | 3;

/** An argument of a trace event: name, ways to fetch it (the first that the running kernel accepts is taken), destination. */
export interface ProbeArg {
  /** Name of the field in the trace event. */
  readonly name: string;
  /** Fetch arguments of a dynamic event; empty for events of the kernel's own. */
  readonly fetch: readonly string[];
  /** Canonical field, absent for an argument that only guards others. */
  readonly field?: string;
  /** 64-bit word of a mask that this argument carries. */
  readonly word?: number;
  /** The value is only meaningful under this condition. */
  readonly guard?: ProbeGuard;
  /** `verdict`: a task pointer that becomes `task`, `none` or `retry`. `cid-base`, `cid-count`: window of a cid mask. */
  readonly meaning?: 'verdict' | 'cid-base' | 'cid-count';
}

export type ProbeGuard =
  /** Valid when the named argument is a pointer: neither NULL nor an error. */
  | { readonly test: 'pointer'; readonly arg: string }
  /** Valid when the named argument is the id of a local DSQ. */
  | { readonly test: 'local-dsq'; readonly arg: string };

export interface Probe {
  /** Name of the trace event. */
  readonly event: string;
  /** Trace system: `scx` for dynamic events, otherwise the kernel's. */
  readonly system: string;
  readonly level: ProbeLevel;
  /** Kernel functions, the first that exists is probed; or the raw tracepoint. */
  readonly symbols: readonly string[];
  readonly attach: 'entry' | 'return' | 'tracepoint' | 'event';
  readonly type: EventType;
  readonly phase?: 'begin' | 'end';
  readonly step?: string;
  /** Fields that are constant for this probe. */
  readonly constants?: Readonly<Record<string, number>>;
  readonly args: readonly ProbeArg[];
  /** Event filter to set, such as `nr > 0`. */
  readonly filter?: string;
  /** Skip this probe when an earlier one of the catalogue covers the same symbol. */
  readonly unlessSymbolTaken?: boolean;
  /** At level 1, record this event only when the named probe cannot be: that one tells more about the same moment. */
  readonly standsInFor?: string;
}

/** One argument in the catalogue's short form: `name=fetch`, with alternatives separated by blanks. */
type ArgText = string;

export interface GuardedArg {
  readonly arg: ArgText;
  readonly pointer?: ArgText;
  readonly localDsq?: string;
}

export interface CidMaskArg {
  readonly words: ArgText;
  readonly base: ArgText;
  readonly count: ArgText;
}

type ArgSpec = ArgText | GuardedArg | CidMaskArg;

export interface ProbeOptions {
  readonly phase?: 'begin' | 'end';
  readonly step?: string;
  readonly constants?: Readonly<Record<string, number>>;
  /** Event filter, and the argument that it looks at when that is no field of the event. */
  readonly filter?: string;
  readonly filterArg?: ArgText;
  readonly verdict?: ArgText;
  readonly unlessSymbolTaken?: boolean;
  readonly standsInFor?: string;
}

/**
 * A dynamic probe. `on` is `symbol,alternative…`, with `%return` for the return of the function. Keys of `args` are
 * canonical fields of `type`.
 */
export function probe<T extends EventType>(
  event: string,
  level: ProbeLevel,
  on: string,
  type: T,
  args: { readonly [F in FieldsOf<T>]?: ArgSpec },
  options: ProbeOptions = {},
): Probe {
  return dynamicProbe(event, level, on, on.endsWith('%return') ? 'return' : 'entry', type, args, options);
}

/** A dynamic probe on a raw tracepoint. */
export function tracepointProbe<T extends EventType>(
  event: string,
  level: ProbeLevel,
  tracepoint: string,
  type: T,
  args: { readonly [F in FieldsOf<T>]?: ArgSpec },
): Probe {
  return dynamicProbe(event, level, tracepoint, 'tracepoint', type, args, {});
}

function dynamicProbe(
  event: string,
  level: ProbeLevel,
  on: string,
  attach: Probe['attach'],
  type: EventType,
  args: Readonly<Record<string, ArgSpec | undefined>>,
  { verdict, filterArg, ...rest }: ProbeOptions,
): Probe {
  let list: readonly ProbeArg[] | undefined;
  return {
    event,
    system: 'scx',
    level,
    symbols: on.replace(/%return$/, '').split(','),
    attach,
    type,
    // Read only when something is recorded, or a trace.dat is read: most starts of the program do neither.
    get args() {
      list ??= readArgs(args, verdict, filterArg);
      return list;
    },
    ...rest,
  };
}

function readArgs(
  args: Readonly<Record<string, ArgSpec | undefined>>,
  verdict: ArgText | undefined,
  filterArg: ArgText | undefined,
): readonly ProbeArg[] {
  const list: ProbeArg[] =
    verdict === undefined ? [] : [{ ...parseArg(verdict), field: 'verdict', meaning: 'verdict' }];
  for (const [field, spec] of Object.entries(args)) if (spec !== undefined) addArg(list, field, spec);
  if (filterArg !== undefined) list.push(parseArg(filterArg));
  return list;
}

/** An event of the kernel's own: the values of `fields` are names of its fields. */
export function kernelEvent<T extends EventType>(
  system: string,
  event: string,
  type: T,
  fields: { readonly [F in FieldsOf<T>]?: string },
  options: ProbeOptions & { readonly level?: ProbeLevel } = {},
): Probe {
  const args = Object.entries<string | undefined>(fields).map(([field, name]) => ({
    name: name ?? field,
    fetch: [],
    field,
  }));
  return { event, system, level: 1, symbols: [], attach: 'event', type, args, ...options };
}

function addArg(list: ProbeArg[], field: string, spec: ArgSpec): void {
  if (typeof spec === 'string') {
    list.push(...parseWords(spec, field));
  } else if ('words' in spec) {
    list.push(
      { ...parseArg(spec.base), field: 'base', meaning: 'cid-base' },
      { ...parseArg(spec.count), field: 'nr_cids', meaning: 'cid-count' },
    );
    list.push(...parseWords(spec.words, field));
  } else if (spec.pointer !== undefined) {
    const pointer = parseArg(spec.pointer);
    if (!list.some((arg) => arg.name === pointer.name)) list.push(pointer);
    list.push({ ...parseArg(spec.arg), field, guard: { test: 'pointer', arg: pointer.name } });
  } else {
    list.push({ ...parseArg(spec.arg), field, guard: { test: 'local-dsq', arg: spec.localDsq ?? 'did' } });
  }
}

/** `m0=… m1=…` are the words of one mask; `x=a x=b` are alternatives of one argument. */
function parseWords(text: ArgText, field: string): ProbeArg[] {
  const args: ProbeArg[] = [];
  for (const part of text.split(' ')) {
    const name = part.slice(0, part.indexOf('='));
    const fetch = part.slice(name.length + 1);
    const known = args.findIndex((arg) => arg.name === name);
    const existing = args[known];
    if (existing !== undefined) args[known] = { ...existing, fetch: [...existing.fetch, fetch] };
    else args.push({ name, fetch: [fetch], field, word: args.length });
  }
  return args;
}

function parseArg(text: ArgText): ProbeArg {
  const [arg] = parseWords(text, '');
  if (arg === undefined) throw new Error(`bad probe argument: ${text}`);
  return { name: arg.name, fetch: arg.fetch };
}
