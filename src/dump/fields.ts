// The fields of CPU and task blocks: `key=value` words, whatever line of whatever release they stand in.
import { CpuMask, MAX_CPU } from '../trace/cpu-mask.ts';
import { parseInteger } from '../trace/u64.ts';
import type { DumpCpu, DumpTask } from './dump.ts';

/** Hexadecimal mask as `%*pb` prints it: 32-bit groups, most significant first. */
export function parseHexMask(text: string): CpuMask | undefined {
  if (!/^[\da-f]{1,8}(?:,[\da-f]{8})*$/.test(text)) return undefined;
  const groups = text.split(',').reverse();
  if (groups.length * 32 > MAX_CPU + 1) return undefined;
  const mask = new CpuMask(groups.length * 32);
  for (const [i, group] of groups.entries()) mask.setWord(i, Number.parseInt(group, 16) | 0);
  return mask;
}

/** What came of a word: stored; its value makes no sense; a field that is already known; no field of such a block. */
export type Taken = 'stored' | 'malformed' | 'known' | 'foreign';

type Setter<T> = (target: T, value: string) => boolean;

function unsigned(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function signed(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function hex(text: string): number | undefined {
  return /^0x[\da-f]{1,12}$/.test(text) ? Number(text) : undefined;
}

function wide(text: string): bigint | undefined {
  return /^\d{1,20}$/.test(text) ? parseInteger(text) : undefined;
}

/** Both parts of `a/b`, or nothing. */
function pair<A, B>(
  text: string,
  first: (part: string) => A | undefined,
  second: (part: string) => B | undefined,
): readonly [A, B] | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const a = first(text.slice(0, slash));
  const b = second(text.slice(slash + 1));
  return a === undefined || b === undefined ? undefined : [a, b];
}

/** Stores a parsed value; false when there is none. */
function put<T>(value: T | undefined, store: (value: T) => void): boolean {
  if (value === undefined) return false;
  store(value);
  return true;
}

const TASK_FIELDS: Readonly<Record<string, { isSet(task: DumpTask): boolean; set: Setter<DumpTask> }>> = {
  'scx_state/flags': {
    isSet: (task) => task.scxState !== undefined,
    set: (task, text) =>
      put(pair(text, unsigned, hex), ([state, flags]) => {
        task.scxState = state;
        task.flags = flags;
      }),
  },
  dsq_flags: {
    isSet: (task) => task.dsqFlags !== undefined,
    set: (task, text) =>
      put(hex(text), (value) => {
        task.dsqFlags = value;
      }),
  },
  'ops_state/qseq': {
    isSet: (task) => task.opsState !== undefined,
    set: (task, text) =>
      put(pair(text, unsigned, wide), ([state, qseq]) => {
        task.opsState = state;
        task.qseq = qseq;
      }),
  },
  'sticky/holding_cpu': {
    isSet: (task) => task.holdingCpu !== undefined,
    set: (task, text) =>
      put(pair(text, signed, signed), ([sticky, holding]) => {
        task.stickyCpu = sticky;
        task.holdingCpu = holding;
      }),
  },
  dsq_id: {
    isSet: (task) => task.dsq !== undefined,
    set: (task, text) => {
      if (text === '(n/a)') task.dsq = null;
      else if (/^0x[\da-f]{1,16}$/.test(text)) task.dsq = BigInt(text);
      else return false;
      return true;
    },
  },
  dsq_vtime: {
    isSet: (task) => task.vtime !== undefined,
    set: (task, text) =>
      put(wide(text), (value) => {
        task.vtime = value;
      }),
  },
  slice: {
    isSet: (task) => task.slice !== undefined,
    set: (task, text) =>
      put(wide(text), (value) => {
        task.slice = value;
      }),
  },
  weight: {
    isSet: (task) => task.weight !== undefined,
    set: (task, text) =>
      put(unsigned(text), (value) => {
        task.weight = value;
      }),
  },
  cpus: {
    isSet: (task) => task.cpus !== undefined,
    set: (task, text) =>
      put(parseHexMask(text), (value) => {
        task.cpus = value;
        task.cpusDigits = text.replaceAll(',', '').length;
      }),
  },
  no_mig: {
    isSet: (task) => task.noMig !== undefined,
    set: (task, text) =>
      put(unsigned(text), (value) => {
        task.noMig = value;
      }),
  },
};

const CPU_FIELDS: Readonly<Record<string, { isSet(cpu: DumpCpu): boolean; set: Setter<DumpCpu> }>> = {
  nr_run: {
    isSet: (cpu) => cpu.nrRun !== undefined,
    set: (cpu, text) =>
      put(unsigned(text), (value) => {
        cpu.nrRun = value;
      }),
  },
  flags: {
    isSet: (cpu) => cpu.flags !== undefined,
    set: (cpu, text) =>
      put(hex(text), (value) => {
        cpu.flags = value;
      }),
  },
  cpu_rel: {
    isSet: (cpu) => cpu.cpuReleased !== undefined,
    set: (cpu, text) =>
      put(unsigned(text), (value) => {
        cpu.cpuReleased = value !== 0;
      }),
  },
  ops_qseq: {
    isSet: (cpu) => cpu.opsQseq !== undefined,
    set: (cpu, text) =>
      put(wide(text), (value) => {
        cpu.opsQseq = value;
      }),
  },
  pnt_seq: {
    isSet: (cpu) => cpu.pntSeq !== undefined,
    set: (cpu, text) =>
      put(wide(text), (value) => {
        cpu.pntSeq = value;
      }),
  },
  ksync: {
    isSet: (cpu) => cpu.ksync !== undefined,
    set: (cpu, text) =>
      put(wide(text), (value) => {
        cpu.ksync = value;
      }),
  },
};

/** Takes one word `key=value` of a task block. */
export function takeTaskWord(task: DumpTask, word: string): Taken {
  return takeWord(TASK_FIELDS, task, word);
}

/** Takes one word `key=value` of the first line of a CPU block. */
export function takeCpuWord(cpu: DumpCpu, word: string): Taken {
  return takeWord(CPU_FIELDS, cpu, word);
}

function takeWord<T>(
  fields: Readonly<Record<string, { isSet(target: T): boolean; set: Setter<T> }>>,
  target: T,
  word: string,
): Taken {
  const equals = word.indexOf('=');
  const key = word.slice(0, Math.max(equals, 0));
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (field === undefined) return 'foreign';
  if (field.isSet(target)) return 'known';
  return field.set(target, word.slice(equals + 1)) ? 'stored' : 'malformed';
}

/** Every word is a field of a task block that is not known yet, with a value that makes sense. */
export function continuesTask(task: DumpTask, words: readonly string[]): boolean {
  const probe: DumpTask = { ...task };
  return words.length > 0 && words.every((word) => takeTaskWord(probe, word) === 'stored');
}

/** The same for the first line of a CPU block. */
export function continuesCpu(cpu: DumpCpu, words: readonly string[]): boolean {
  const probe: DumpCpu = { ...cpu };
  return words.length > 0 && words.every((word) => takeCpuWord(probe, word) === 'stored');
}

export function newTask(line: number): DumpTask {
  return {
    line,
    current: undefined,
    state: undefined,
    comm: undefined,
    pid: undefined,
    own: undefined,
    owner: undefined,
    runnableDelta: undefined,
    scxState: undefined,
    flags: undefined,
    dsqFlags: undefined,
    opsState: undefined,
    qseq: undefined,
    stickyCpu: undefined,
    holdingCpu: undefined,
    dsq: undefined,
    vtime: undefined,
    slice: undefined,
    weight: undefined,
    cpus: undefined,
    cpusDigits: 0,
    noMig: undefined,
    extra: {},
    shape: { vtimeBesideDsq: false, vtimeLine: false, cpusLine: false, headLine: false },
    ops: [],
    stack: [],
  };
}

export function newCpu(line: number, cpu: number): DumpCpu {
  return {
    line,
    cpu,
    nrRun: undefined,
    flags: undefined,
    cpuReleased: undefined,
    opsQseq: undefined,
    pntSeq: undefined,
    ksync: undefined,
    lineComplete: false,
    rescue: undefined,
    rescueBudgetUs: undefined,
    rescuing: undefined,
    curr: undefined,
    currClass: undefined,
    masks: [],
    extra: {},
    ops: [],
    tasks: [],
  };
}
