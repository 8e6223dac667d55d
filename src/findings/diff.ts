// Compares the results of two recordings of one workload: findings, what was checked, how well the model fits, and figures.
import type { ResultFigures, WaitFigures } from './figures.ts';
import { type Fingerprint, fingerprintKey, fingerprintOf } from './fingerprint.ts';
import type { ReplayResult, ResultRule, Verdict } from './result.ts';
import { EXIT, isHeldAgainst } from './verdict.ts';

export const DIFF_SCHEMA = 'scx-check/diff@1';

/** A number on both sides; null: not known there. */
export interface Pair {
  readonly a: number | null;
  readonly b: number | null;
}

export interface DiffSide {
  readonly path: string;
  readonly kernel: string | null;
  readonly verdict: Verdict;
  readonly span_ns: number;
  readonly events: number;
  readonly lost: number;
}

/** Findings of one kind, with their number on both sides and the first message. */
export interface DiffFinding extends Fingerprint {
  readonly verdict: string;
  readonly count: { readonly a: number; readonly b: number };
  readonly message: string;
}

export interface DiffRule {
  readonly id: string;
  readonly verdict: { readonly a: Verdict; readonly b: Verdict };
  readonly checked: { readonly a: number; readonly b: number };
}

export interface DiffDocument {
  readonly schema: typeof DIFF_SCHEMA;
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly appeared: readonly DiffFinding[];
  readonly vanished: readonly DiffFinding[];
  /** On both sides. */
  readonly common: readonly DiffFinding[];
  /** Rules with another verdict, or that only one side could check. */
  readonly rules: readonly DiffRule[];
  /** Shares of what the model predicted. */
  readonly fidelity: Readonly<Record<string, Pair>>;
  /** Dropped verdicts by scheduler and reason. */
  readonly drops: Readonly<Record<string, Pair>>;
  readonly recoveries: Readonly<Record<string, Pair>>;
  /** Picks by CPU. */
  readonly picks: Readonly<Record<string, Pair>>;
  /** Picks and migrations per second, and the share of picks that are migrations. */
  readonly rates: Readonly<Record<'picks_per_s' | 'migrations_per_s' | 'migrations_per_pick', Pair>>;
  readonly waits: Readonly<Record<keyof WaitFigures, Pair>>;
  readonly waits_by_name: Readonly<Record<string, Readonly<Record<keyof WaitFigures, Pair>>>>;
  /** 1 when a violation appeared; 125 when B could not be judged where A could. */
  readonly exit_code: number;
}

export function diffResults(a: ReplayResult, b: ReplayResult): DiffDocument {
  const findings = diffFindings(a, b);
  const appeared = findings.filter(({ count }) => count.a === 0);
  return {
    schema: DIFF_SCHEMA,
    a: sideOf(a),
    b: sideOf(b),
    appeared,
    vanished: findings.filter(({ count }) => count.b === 0),
    common: findings.filter(({ count }) => count.a > 0 && count.b > 0),
    rules: diffRules(a, b),
    fidelity: pairs(fidelityOf(a), fidelityOf(b)),
    drops: pairs(dropsOf(a), dropsOf(b), 0),
    recoveries: pairs(a.recoveries, b.recoveries, 0),
    picks: pairs(a.figures?.picks ?? {}, b.figures?.picks ?? {}, 0),
    rates: ratePairs(ratesOf(a), ratesOf(b)),
    waits: waitPairs(a.figures?.waits, b.figures?.waits),
    waits_by_name: Object.fromEntries(
      keysOf(a.figures?.waits_by_name ?? {}, b.figures?.waits_by_name ?? {}).map((name) => [
        name,
        waitPairs(a.figures?.waits_by_name[name], b.figures?.waits_by_name[name]),
      ]),
    ),
    exit_code: exitCodeOf(appeared, a, b),
  };
}

function exitCodeOf(appeared: readonly DiffFinding[], a: ReplayResult, b: ReplayResult): number {
  if (appeared.some(({ verdict }) => verdict === 'violation')) return EXIT.violation;
  const lacks = (result: ReplayResult): boolean =>
    result.incomplete !== undefined || result.verdict === 'not evaluated';
  return lacks(a) || lacks(b) ? EXIT.noVerdict : EXIT.ok;
}

function sideOf({ trace, verdict }: ReplayResult): DiffSide {
  const { path, kernel, span_ns, events } = trace;
  return { path, kernel, verdict, span_ns, events: events.total, lost: events.lost };
}

function diffFindings(a: ReplayResult, b: ReplayResult): DiffFinding[] {
  const found = new Map<string, { fingerprint: Fingerprint; verdict: string; message: string; a: number; b: number }>();
  for (const side of ['a', 'b'] as const) {
    const result = side === 'a' ? a : b;
    for (const finding of result.findings) {
      if (!isHeldAgainst(finding.verdict)) continue;
      const fingerprint = fingerprintOf(finding, result.schedulers);
      const key = `${finding.verdict}/${fingerprintKey(fingerprint)}`;
      const entry = found.get(key) ?? { fingerprint, verdict: finding.verdict, message: finding.message, a: 0, b: 0 };
      entry[side]++;
      found.set(key, entry);
    }
  }
  return [...found.values()].map(({ fingerprint, verdict, message, a: inA, b: inB }) => ({
    ...fingerprint,
    verdict,
    count: { a: inA, b: inB },
    message,
  }));
}

function diffRules(a: ReplayResult, b: ReplayResult): DiffRule[] {
  const isEvaluated = (rule: ResultRule): boolean => rule.checked > 0 && rule.verdict !== 'not evaluated';
  return a.rules.flatMap((rule) => {
    const other = b.rules.find(({ id }) => id === rule.id);
    if (other === undefined || (rule.verdict === other.verdict && isEvaluated(rule) === isEvaluated(other))) return [];
    return [
      {
        id: rule.id,
        verdict: { a: rule.verdict, b: other.verdict },
        checked: { a: rule.checked, b: other.checked },
      },
    ];
  });
}

function fidelityOf({ fidelity }: ReplayResult): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fidelity).flatMap(([name, { observed, explained }]) =>
      observed === 0 ? [] : [[name, explained / observed]],
    ),
  );
}

function dropsOf({ schedulers }: ReplayResult): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { name, drops: of } of schedulers)
    for (const [reason, { count }] of Object.entries(of)) {
      const key = `${name}: ${reason}`;
      drops[key] = (drops[key] ?? 0) + count;
    }
  return drops;
}

type Rates = Readonly<Record<keyof DiffDocument['rates'], number | null>>;

function ratesOf({ figures, trace }: ReplayResult): Rates {
  const picks = figures === undefined ? 0 : picksOf(figures);
  if (figures === undefined || picks === 0 || trace.span_ns <= 0)
    return { picks_per_s: null, migrations_per_s: null, migrations_per_pick: null };
  const seconds = trace.span_ns / 1e9;
  return {
    picks_per_s: picks / seconds,
    migrations_per_s: figures.migrations / seconds,
    migrations_per_pick: figures.migrations / picks,
  };
}

function ratePairs(a: Rates, b: Rates): DiffDocument['rates'] {
  const pair = (key: keyof Rates): Pair => ({ a: a[key], b: b[key] });
  return {
    picks_per_s: pair('picks_per_s'),
    migrations_per_s: pair('migrations_per_s'),
    migrations_per_pick: pair('migrations_per_pick'),
  };
}

function picksOf({ picks }: ResultFigures): number {
  return Object.values(picks).reduce((sum, n) => sum + n, 0);
}

const WAIT_KEYS = ['count', 'mean_ns', 'p50_ns', 'p95_ns', 'p99_ns', 'max_ns'] as const;

/** Without a single wait there is no figure. */
function waitPairs(a: WaitFigures | undefined, b: WaitFigures | undefined): Record<keyof WaitFigures, Pair> {
  const value = (side: WaitFigures | undefined, key: keyof WaitFigures): number | null =>
    side === undefined || side.count === 0 ? (key === 'count' ? 0 : null) : side[key];
  return Object.fromEntries(WAIT_KEYS.map((key) => [key, { a: value(a, key), b: value(b, key) }])) as Record<
    keyof WaitFigures,
    Pair
  >;
}

function keysOf(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function pairs(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  absent: number | null = null,
): Record<string, Pair> {
  return Object.fromEntries(keysOf(a, b).map((key) => [key, { a: a[key] ?? absent, b: b[key] ?? absent }]));
}
