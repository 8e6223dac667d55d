// The caps document as a picture for terminals: time from left to right, a line a cid, a block a scheduler.
import type { CapsChange, CapsDeedEntry, CapsDocument, CapsScheduler } from '../findings/caps-document.ts';
import type { ExactNumber } from '../findings/result.ts';
import type { Style } from './style.ts';

/** Columns of the whole picture. The same everywhere, so that pictures can be compared. */
export const DEFAULT_WIDTH = 100;
export const MIN_WIDTH = 40;

/** Changes in one column from which on a cid counts as changing hands there. */
const RESTLESS = 3;

const LEGEND = `held: . nothing  i enq_immed  e enq  p preempt  f perf alone  (capital letter: and perf)  ? not known
      + granted, - revoked and not yet in effect  ~ changes hands
done: x rejected  r rescued  ! evicted or taken off the queue  # violation`;

/** What marks a column, the strongest first. */
const MARKS: readonly { readonly glyph: string; readonly kinds: readonly string[] }[] = [
  { glyph: '#', kinds: ['violation'] },
  { glyph: '!', kinds: ['evicted', 'purged'] },
  { glyph: 'x', kinds: ['rejected'] },
  { glyph: 'r', kinds: ['parked', 'rescued'] },
];

interface Span {
  readonly start: bigint;
  readonly end: bigint;
  readonly columns: number;
}

/** Blocks of all sub-schedulers with the axis above each. */
export function renderChart(document: CapsDocument, style: Style, width: number): string {
  const subs = document.schedulers.filter(({ level }) => level > 0);
  const { cids } = document.layout;
  if (subs.length === 0) return 'no sub-scheduler in this trace\n';
  if (cids === null) return 'the number of cids is not known, so there is no chart\n';
  const labelWidth = `cid ${cids - 1}-${cids - 1} `.length + 1;
  const span = spanOf(document, width - labelWidth - 2);
  const axis = axisOf(span, clockOf(document), labelWidth);
  const blocks = subs.map((sched) =>
    [
      `${style.strong(title(sched))}`,
      ...rowsOf(document, sched, span, cids).map(
        ({ label, cells }) => `${label.padStart(labelWidth)}|${paint(cells, style)}|`,
      ),
    ].join('\n'),
  );
  return `${axis}\n${blocks.join('\n')}\n${style.faint(LEGEND)}\n`;
}

export function title(sched: Pick<CapsScheduler, 'name' | 'path' | 'level'>): string {
  return `${sched.name === '' ? '?' : sched.name} ${sched.level === 0 ? '(root)' : sched.path}`.trimEnd();
}

/** From the first sub-scheduler to the last; the trace is longer at both ends. */
function spanOf(document: CapsDocument, columns: number): Span {
  const times = document.changes.map(({ ts }) => BigInt(ts));
  const start = times[0] ?? BigInt(document.start);
  let end = times.at(-1) ?? BigInt(document.end);
  const alive = document.schedulers.some(({ level, unlinked }) => level > 0 && unlinked === null);
  if (alive || end <= start) end = BigInt(document.end);
  return { start, end: end > start ? end : start + 1n, columns };
}

function columnOf(span: Span, ts: ExactNumber): number {
  const at = BigInt(ts) - span.start;
  const column = Number((at * BigInt(span.columns)) / (span.end - span.start));
  return Math.max(0, Math.min(span.columns - 1, column));
}

/** Times since the beginning of the trace over every twentieth column or so. */
function axisOf(span: Span, clock: (ts: bigint) => string, labelWidth: number): string {
  const every = 20;
  let line = '';
  for (let column = 0; column < span.columns; column += every) {
    const at = span.start + ((span.end - span.start) * BigInt(column)) / BigInt(span.columns);
    const label = `^${clock(at)}`;
    if (column + label.length > span.columns) break;
    line = line.padEnd(column) + label;
  }
  return `${' '.repeat(labelWidth + 1)}${line}`;
}

/** Times since the beginning of the trace, in the unit that suits its length: `+24.071 s`. */
export function clockOf({ start, end }: Pick<CapsDocument, 'start' | 'end'>): (ts: ExactNumber | bigint) => string {
  const length = BigInt(end) - BigInt(start);
  const [unit, ns] = length >= 10_000_000_000n ? ['s', 1e9] : length >= 10_000_000n ? ['ms', 1e6] : ['us', 1e3];
  return (ts) => `+${(Number(BigInt(ts) - BigInt(start)) / Number(ns)).toFixed(3)} ${unit}`;
}

/** One line a cid; neighbours that look the same share one. */
function rowsOf(
  document: CapsDocument,
  sched: CapsScheduler,
  span: Span,
  cids: number,
): { label: string; cells: string }[] {
  const changes: CapsChange[][] = Array.from({ length: cids }, () => []);
  for (const change of document.changes)
    if (change.sched === sched.id) for (const cid of listed(change.cids)) changes[cid]?.push(change);
  const deeds: CapsDeedEntry[][] = Array.from({ length: cids }, () => []);
  for (const deed of document.deeds) if (deed.sched === sched.id && deed.cid !== null) deeds[deed.cid]?.push(deed);
  const rows: { first: number; last: number; cells: string }[] = [];
  for (let cid = 0; cid < cids; cid++) {
    const cells = [...heldCells(changes[cid] ?? [], span)];
    for (const { glyph, kinds } of MARKS.toReversed())
      for (const deed of deeds[cid] ?? []) if (kinds.includes(deed.kind)) cells[columnOf(span, deed.ts)] = glyph;
    for (const finding of document.findings)
      if (finding.verdict === 'violation' && finding.sched === sched.id && cidOfCpu(document, finding.cpu) === cid)
        cells[columnOf(span, finding.ts)] = '#';
    const text = cells.join('');
    const above = rows.at(-1);
    if (above?.cells === text) above.last = cid;
    else rows.push({ first: cid, last: cid, cells: text });
  }
  return rows.map(({ first, last, cells }) => ({
    label: `cid ${first === last ? first : `${first}-${last}`} `,
    cells,
  }));
}

function cidOfCpu(document: CapsDocument, cpu: number | null): number {
  return cpu === null ? -1 : document.layout.cpus.indexOf(cpu);
}

/** Members of a list such as `0-3,8`. */
export function* listed(cids: string): Generator<number> {
  for (const part of cids.split(',')) {
    if (part === '') continue;
    const [first = '', last = first] = part.split('-');
    for (let cid = Number(first); cid <= Number(last); cid++) yield cid;
  }
}

/** What was held for the longest time in each column. */
function* heldCells(changes: readonly CapsChange[], span: Span): Generator<string> {
  const length = span.end - span.start;
  const at = (column: number): bigint => span.start + (length * BigInt(column)) / BigInt(span.columns);
  let next = 0;
  let glyph = ' ';
  let settled = glyph;
  for (let column = 0; column < span.columns; column++) {
    const end = column === span.columns - 1 ? span.end + 1n : at(column + 1);
    let from = at(column);
    const time = new Map<string, bigint>();
    let count = 0;
    for (; next < changes.length; next++) {
      const change = changes[next];
      if (change === undefined || BigInt(change.ts) >= end) break;
      const ts = BigInt(change.ts);
      time.set(glyph, (time.get(glyph) ?? 0n) + (ts - from));
      from = ts;
      const now = glyphOf(change);
      if (!'+-?'.includes(now) && now !== settled) {
        settled = now;
        count++;
      }
      glyph = now;
    }
    time.set(glyph, (time.get(glyph) ?? 0n) + (end - from));
    const longest = [...time].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
    yield count >= RESTLESS ? '~' : longest[0];
  }
}

function glyphOf({ effective, pending }: CapsChange): string {
  if (effective === '') return ' ';
  if (pending !== null) return pending === 'grant' ? '+' : '-';
  if (effective.includes('?')) return '?';
  const held = new Set(effective.split('|'));
  const letter = held.has('preempt') ? 'p' : held.has('enq') ? 'e' : held.has('enq_immed') ? 'i' : '';
  if (letter === '') return held.has('perf') ? 'f' : '.';
  return held.has('perf') ? letter.toUpperCase() : letter;
}

/** Colours, a run of equal meaning at a time. */
function paint(cells: string, style: Style): string {
  return cells.replace(/[#!]+|[xr]+|[.]+|[-+~?]+|[iIeEpPf]+/g, (run) => {
    const first = run.charAt(0);
    if (first === '#' || first === '!') return style.violation(run);
    if (first === 'x' || first === 'r') return style.mark(run);
    if (first === '.') return style.faint(run);
    return '-+~?'.includes(first) ? style.possible(run) : style.pass(run);
  });
}
