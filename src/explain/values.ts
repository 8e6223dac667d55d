// The values in a message by name: what each conversion of the format stands for, and what its value means.
import { formatDsqId } from '../kernel/dsq-id.ts';
import { errnoName } from '../kernel/errno.ts';
import { highHalf, lowHalf } from '../trace/u64.ts';
import type { FormatTokens } from './format-tokens.ts';

export interface MessageValue {
  readonly name: string;
  /** As it stands in the message. */
  readonly text: string;
  /** What it means, where that is not what it says. */
  readonly meaning: string | null;
}

/** Names by the words before the value; the first that fits counts. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/enq_flags 0x$/, 'enq_flags'],
  [/REENQ flags 0x$/, 'reenq_flags'],
  [/caps 0x$/, 'caps'],
  [/mask 0x$/, 'kfunc_mask'],
  [/allowing 0x$/, 'allowed_mask'],
  [/transition 0x$/, 'old_state'],
  [/-> 0x$/, 'new_state'],
  [/ops state 0x$/, 'ops_state'],
  [/DSQ (?:ID )?0x$|dsq 0x$/i, 'dsq'],
  [/\(nr=$/, 'nr_queued'],
  [/^ to $/, 'target_cpu'],
  [/cpuperf target $/, 'cpuperf_target'],
  [/CPU[ #]$|cpu $|target CPU $/i, 'cpu'],
  [/CPUs \($/, 'cpus'],
  [/stuck for $/, 'seconds'],
  [/reenqueued $|repeated $/, 'count'],
  [/hotplug seq $/, 'expected_seq'],
  [/actual $/, 'actual_seq'],
  [/cgroup $|sub-$/, 'cgroup'],
  [/cid $/, 'cid'],
  [/node $/, 'node'],
  [/depth $/, 'max_depth'],
  [/errno $/, 'returned'],
  [/ops\.$/, 'callback'],
  [/ going $/, 'direction'],
  [/data=$/, 'data'],
  [/data__sz=$/, 'data_size'],
  [/^\("$/, 'format'],
  [/^", $/, 'data'],
  [/^, $/, 'data_size'],
  [/time \($/, 'rescue_ms'],
  [/timeout $/, 'timeout_ms'],
  [/threshold $/, 'threshold_ms'],
  [/expected $/, 'expected'],
  [/got $/, 'found'],
  [/count $/, 'count'],
  [/span $/, 'span'],
  [/max $/, 'max'],
  [/>= $/, 'limit'],
  [/alloc_words=$/, 'words'],
  [/ < $/, 'needed_words'],
  [/ in $/, 'function'],
  [/scheduler "$/, 'scheduler'],
  [/disabled \($/, 'reason'],
  [/without ops \($/, 'reason'],
  [/program $/, 'program'],
  [/\(id $/, 'id'],
  [/shard ?$|shard\[$|\[$/, 'shard'],
  [/\]=$/, 'start'],
  [/ \($/, 'error'],
];

const ENQ_FLAGS: readonly (readonly [bigint, string])[] = [
  [1n, 'WAKEUP'],
  [1n << 32n, 'PREEMPT'],
  [1n << 33n, 'IMMED'],
  [1n << 34n, 'RESCUE'],
  [1n << 40n, 'REENQ'],
  [1n << 41n, 'LAST'],
  [1n << 56n, 'CLEAR_OPSS (internal)'],
  [1n << 57n, 'DSQ_PRIQ (internal)'],
  [1n << 58n, 'NESTED (internal)'],
  [1n << 59n, 'GDSQ_FALLBACK (internal)'],
  [1n << 60n, 'IGNORE_CAPS (internal)'],
  [1n << 61n, 'APPLY_SLICE (internal)'],
  [1n << 62n, 'SLICE_DFL (internal)'],
  [1n << 63n, 'bit 63 (internal)'],
];
const CAPS: readonly (readonly [bigint, string])[] = [
  [1n, 'ENQ_IMMED'],
  [2n, 'ENQ'],
  [4n, 'PREEMPT'],
  [8n, 'PERF'],
];

/** The values of a message, tasks as `comm[pid]`, times put together. `args` in the order of the conversions. */
export function namedValues({ literals, conversions }: FormatTokens, args: readonly string[]): MessageValue[] {
  const values: MessageValue[] = [];
  const names = new Map<string, number>();
  const add = (name: string, text: string, meaning: string | null): void => {
    const n = (names.get(name) ?? 0) + 1;
    names.set(name, n);
    values.push({ name: n === 1 ? name : `${name}_${n}`, text, meaning });
  };
  for (let i = 0; i < args.length; i++) {
    const before = literals[i] ?? '';
    const after = literals[i + 1] ?? '';
    const arg = args[i] ?? '';
    const next = args[i + 1];
    const letter = conversions[i]?.letter;
    if (letter === 's' && after === '[' && next !== undefined) {
      add('task', `${arg}[${next}]`, null);
      i++;
    } else if (letter === 'u' && after === '.' && next !== undefined) {
      add('time', `${arg}.${next} s`, null);
      i++;
    } else {
      const name = after.startsWith(': sub-') ? 'path' : nameOf(before, letter, values);
      const text = letter === 'x' ? `0x${arg}` : arg;
      add(name, text, meaningOf(name, arg));
    }
  }
  return values;
}

function nameOf(before: string, letter: string | undefined, values: readonly MessageValue[]): string {
  // `from CPU %d to %d`: only behind another CPU.
  const found = BY_WORDS.find(
    ([words, name]) => words.test(before) && (name !== 'target_cpu' || values.at(-1)?.name === 'cpu'),
  );
  if (found !== undefined) return found[1];
  if (letter === 's' && before === '') return 'scheduler';
  return 'value';
}

function meaningOf(name: string, arg: string): string | null {
  switch (name) {
    case 'dsq': {
      const id = BigInt(`0x${arg}`);
      const text = formatDsqId(highHalf(id), lowHalf(id));
      return text.startsWith('0x') || /^\d/.test(text) ? null : text;
    }
    case 'error':
    case 'returned':
      return errnoName(Number(arg)) ?? null;
    case 'enq_flags':
      return bitNames(BigInt(`0x${arg}`), ENQ_FLAGS);
    case 'caps':
      return bitNames(BigInt(`0x${arg}`), CAPS);
    case 'cpu':
      return cpuMeaning(Number(arg));
    default:
      return null;
  }
}

/** A negative CPU is an error number that was taken for one. */
function cpuMeaning(cpu: number): string | null {
  const error = errnoName(cpu);
  return error === undefined ? null : `${error}: an error number, no CPU`;
}

function bitNames(value: bigint, names: readonly (readonly [bigint, string])[]): string {
  const known = names.filter(([bit]) => (value & bit) !== 0n);
  const rest = known.reduce((left, [bit]) => left & ~bit, value);
  return [...known.map(([, name]) => name), ...(rest === 0n ? [] : [`0x${rest.toString(16)} (unknown)`])].join(' | ');
}
