// Parameters of the vtime rules: names, kinds and defaults, declared once for the rules, the schema and the docs.
import { parseDuration } from './durations.ts';

export interface LimitSpec {
  /** `time`: a duration; `slices`: a multiple of the slice; `number`; `choice`: one of `choices`. */
  readonly kind: 'time' | 'slices' | 'number' | 'choice';
  /** Default; for a time either a duration or a number of slices. */
  readonly default: number | string | { readonly slices: number };
  readonly choices?: readonly string[];
  readonly doc: string;
}

const time = (value: string | { readonly slices: number }, doc: string): LimitSpec => ({
  kind: 'time',
  default: value,
  doc,
});
const slices = (value: number, doc: string): LimitSpec => ({ kind: 'slices', default: value, doc });
const number = (value: number, doc: string): LimitSpec => ({ kind: 'number', default: value, doc });
const choice = (choices: readonly string[], doc: string): LimitSpec => ({
  kind: 'choice',
  default: choices[0] ?? '',
  choices,
  doc,
});

/** Rule id to its parameters. A description sets one by its name under `limits`, or under the id of the rule there. */
export const LIMITS = {
  'vtime-hidden-runtime': {
    min_hidden: time({ slices: 1 }, 'hidden runtime from which on a task is reported'),
    error_slices: slices(82, 'excess from which on it is an error'),
    eta: time('60s', 'time to the limit below which it is an error'),
    set: choice(
      ['all', 'enqueue'],
      'bases that count: all that the order of the task depends on, or only the one of its queue',
    ),
    retag_grace: number(1, 'runs within which a CPU changed its group are not held against anybody (1) or are (0)'),
  },
  'vtime-drift': {
    warn_slices: slices(
      0,
      'excess that is reported; 0: 1 where the basis follows at stopping, 2 where it follows at running',
    ),
    drift: choice(
      ['bound', 'rate', 'off'],
      'how drift is bounded: by a bound, by its rate of growth (clocks that sum up), or not at all',
    ),
  },
  'vtime-drift-eta': {
    n: number(3, 'stops in a row without decrease'),
    horizon: time('300s', 'time to the limit that is reported'),
  },
  'vtime-basis-leap': {
    leap_slices: slices(64, 'smallest leap'),
    factor: number(4, 'times the largest of the steps before'),
  },
  'vtime-basis-regress': {
    race_tolerance: time({ slices: 1 }, 'step back that unlocked updates explain'),
  },
  'vtime-clamp-storm': {
    share: number(0.5, 'share of inserts that hit the low clamp'),
    window: time('1s', 'window'),
    windows: number(2, 'windows in a row'),
    n: number(50, 'inserts in the window'),
    tasks: number(3, 'tasks in the window that did not sleep'),
  },
  'vtime-domain-contamination': { k: slices(4, 'difference of the two bases') },
  'vtime-domain-split': {
    k: slices(8, 'difference of the two bases'),
    t: time('1s', 'how long it lasts, and how long somebody waits'),
  },
  'vtime-charge-mismatch': {
    abs: time('100us', 'tolerance of the runtime, before it is scaled by the weight'),
    rel: number(0.02, 'relative tolerance'),
  },
  'vtime-stale-key': { tol: time({ slices: 1 }, 'tolerance') },
  'vtime-low-clamp-missing': { tol: time({ slices: 1 }, 'tolerance') },
  'vtime-order-violation': {
    race_window: time(
      '50us',
      'time between a look at the queues and the consumption, where the trace does not show it',
    ),
  },
  'vtime-uninit-basis': { k: slices(8, 'distance of the task from the fresh basis') },
  'vtime-reset-discount': {
    k: slices(50, 'forgiven drift'),
    window: time('10s', 'window'),
    resets: number(2, 'resets in the window'),
  },
  'vtime-starvation': {
    min_wait: number(0.1, 'share of the watchdog timeout: warning'),
    error_wait: number(0.5, 'share of the watchdog timeout: error'),
    min_decisions: number(10, 'lost decisions'),
    idle_tolerance: number(0.01, 'share of the wait in which a CPU that may run the task was idle'),
  },
  'vtime-starvation-predicted': { safety: number(2, 'safety factor on the predicted wait') },
  'vtime-model-mismatch': {
    race_tolerance: time({ slices: 1 }, 'contradiction that unlocked updates explain'),
    charges: number(10, 'charges that are compared before their fit is judged'),
  },
} as const satisfies Record<string, Record<string, LimitSpec>>;

export type LimitRule = keyof typeof LIMITS;
type ParameterOf<R extends LimitRule> = keyof (typeof LIMITS)[R] & string;

/** Values given in a description: by parameter name, or grouped under the id of a rule. */
export type LimitsJson = Readonly<
  Record<string, string | number | boolean | Readonly<Record<string, string | number | boolean>>>
>;

/** Rules that have a parameter of this name. */
export function rulesWithLimit(name: string): readonly LimitRule[] {
  return (Object.keys(LIMITS) as LimitRule[]).filter((rule) => Object.hasOwn(LIMITS[rule], name));
}

/** The parameters in force. */
export class Limits {
  readonly #values = new Map<string, number | string>();

  constructor(given: LimitsJson, sliceNs: number) {
    for (const rule of Object.keys(LIMITS) as LimitRule[]) {
      for (const [name, spec] of Object.entries(LIMITS[rule] as Record<string, LimitSpec>)) {
        const group = given[rule];
        const own = typeof group === 'object' ? group[name] : undefined;
        const shared = given[name];
        const value = own ?? (typeof shared === 'object' ? undefined : shared);
        this.#values.set(`${rule}.${name}`, limitValueOf(spec, value, sliceNs));
      }
    }
  }

  /** A number; times in ns. */
  number<R extends LimitRule>(rule: R, name: ParameterOf<R>): number {
    return Number(this.#values.get(`${rule}.${name}`));
  }

  text<R extends LimitRule>(rule: R, name: ParameterOf<R>): string {
    return String(this.#values.get(`${rule}.${name}`));
  }
}

function limitValueOf(spec: LimitSpec, given: string | number | boolean | undefined, sliceNs: number): number | string {
  const value = given ?? spec.default;
  if (spec.kind === 'choice') return String(value);
  if (spec.kind === 'time')
    return typeof value === 'object' ? value.slices * sliceNs : (parseDuration(value as string | number) ?? 0);
  return Number(value);
}
