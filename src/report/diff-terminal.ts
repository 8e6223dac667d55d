// The report of `scx-check diff` for people: findings first, then what could be checked, then figures side by side.
import type { DiffDocument, DiffFinding, DiffSide, Pair } from '../findings/diff.ts';
import type { Style } from './style.ts';

/** Names with fewer waits on both sides are left out unless asked for. */
const FEW_WAITS = 20;
/** Rows of a name that are shown unless more is asked for. */
const MEDIAN = 2;
const P99 = 3;

export interface DiffTerminalOptions {
  readonly style: Style;
  readonly verbose: boolean;
}

export function renderDiffTerminal(diff: DiffDocument, { style, verbose }: DiffTerminalOptions): string {
  const lines = [`A  ${sideLine(diff.a)}`, `B  ${sideLine(diff.b)}`, ''];
  if (diff.appeared.length + diff.vanished.length === 0)
    lines.push(style.pass('No finding appeared or vanished'), ...(diff.common.length === 0 ? [] : ['']));
  for (const finding of diff.vanished) lines.push(style.pass(`- ${findingLine(finding, finding.count.a)}`));
  for (const finding of diff.appeared) lines.push(style.violation(`+ ${findingLine(finding, finding.count.b)}`));
  for (const finding of diff.common)
    lines.push(style.faint(`  ${findingLine(finding, finding.count.a)}, B: ${finding.count.b} ×`));
  if (diff.rules.length > 0) {
    lines.push('', 'Rules');
    const width = Math.max(...diff.rules.map(({ id }) => id.length));
    for (const { id, verdict, checked } of diff.rules)
      lines.push(`  ${id.padEnd(width)}  ${verdict.a} (${checked.a}×) → ${verdict.b} (${checked.b}×)`);
  }
  const all: readonly Row[] = [
    ...rowsOf('fidelity', diff.fidelity, percent),
    ...rowsOf('dropped', diff.drops, count),
    ...rowsOf('recovered', diff.recoveries, count),
    ['picks per second', diff.rates.picks_per_s, count],
    ['migrations per second', diff.rates.migrations_per_s, count],
    ['migrations per pick', diff.rates.migrations_per_pick, percent],
    ...rowsOf('picks on CPU', diff.picks, count),
    ...waitRows('wait', diff.waits),
    ...Object.entries(diff.waits_by_name)
      .filter(([, { count: n }]) => verbose || Math.max(n.a ?? 0, n.b ?? 0) >= FEW_WAITS)
      .flatMap(([name, waits]) =>
        waitRows(`wait of ${name}`, waits).filter((_, i) => verbose || i === MEDIAN || i === P99),
      ),
  ];
  const rows = all.filter(([, { a, b }]) => a !== null || b !== null);
  lines.push('', ...table(rows, style));
  return `${lines.join('\n')}\n`;
}

type Spell = (value: number) => string;
type Row = readonly [name: string, pair: Pair, spell: Spell];

function rowsOf(what: string, all: Readonly<Record<string, Pair>>, spell: Spell): Row[] {
  return Object.entries(all).map(([name, pair]) => [`${what} ${name}`, pair, spell]);
}

function waitRows(name: string, waits: DiffDocument['waits']): Row[] {
  return [
    [`${name}, number`, waits.count, count],
    [`${name}, mean`, waits.mean_ns, duration],
    [`${name}, median`, waits.p50_ns, duration],
    [`${name}, 99 %`, waits.p99_ns, duration],
    [`${name}, longest`, waits.max_ns, duration],
  ];
}

function table(rows: readonly Row[], style: Style): string[] {
  const cells = rows.map(([name, { a, b }, spell]) => [
    name,
    a === null ? '–' : spell(a),
    b === null ? '–' : spell(b),
    change(a, b),
  ]);
  const head = ['', 'A', 'B', 'change'];
  const width = (column: number): number => Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column))))
      .join('  ')
      .trimEnd();
  return [style.faint(line(head)), ...cells.map(line)];
}

function change(a: number | null, b: number | null): string {
  if (a === null || b === null || a === b) return '';
  if (a === 0) return 'new';
  const share = ((b - a) / a) * 100;
  return `${share > 0 ? '+' : ''}${share.toFixed(Math.abs(share) < 10 ? 1 : 0)} %`;
}

function sideLine({ path, kernel, verdict, span_ns, events, lost }: DiffSide): string {
  const loss = lost === 0 ? '' : `, ${lost < 0 ? 'records' : `${count(lost)} records`} lost`;
  return `${path}: ${verdict}, Linux ${kernel ?? '?'}, ${(span_ns / 1e9).toFixed(3)} s, ${count(events)} records${loss}`;
}

function findingLine({ rule, class: kind, subject, verdict, message }: DiffFinding, n: number): string {
  const name = `${rule}${kind === '' ? '' : ` [${kind}]`}${subject === '' ? '' : ` ${subject}`}`;
  return `${verdict === 'violation' ? '' : `${verdict}: `}${name}: ${message}${n > 1 ? ` (${n} ×)` : ''}`;
}

function count(value: number): string {
  const text = Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toFixed(1);
  return text.replaceAll(/\B(?=(?:\d{3})+(?:\.|$))/g, ',');
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

function duration(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toPrecision(3)} ms` : `${(ns / 1e9).toPrecision(3)} s`;
}
