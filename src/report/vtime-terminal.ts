// The vtimes of a trace for people: a chart of the drift of each task from each basis, and where its runtime was charged.
import type {
  DriftSample,
  VtimeCharged,
  VtimeDocument,
  VtimeDrift,
  VtimeSchedReport,
} from '../findings/vtime-document.ts';
import type { Style } from './style.ts';

export interface VtimeTerminalOptions {
  readonly style: Style;
  /** Columns of the chart. */
  readonly width: number;
  /** Tasks shown; the others are counted. */
  readonly tasks: number;
}

const BLOCKS = '▁▂▃▄▅▆▇█';

export function renderVtime(document: VtimeDocument, options: VtimeTerminalOptions): string {
  const { style } = options;
  const limit = document.limit_ns === null ? 'no limit' : `limit ${duration(document.limit_ns)}`;
  const lines = [
    `${style.strong(document.path)}  ${document.auto ? 'nothing is described (--domain)' : `domain ${document.domain}`}, slice ${duration(document.slice_ns)}, ${limit}`,
  ];
  if (document.schedulers.length === 0) lines.push('', 'No vtime is in use in this trace.');
  for (const sched of document.schedulers) lines.push('', ...schedLines(sched, options));
  return `${lines.join('\n')}\n`;
}

function schedLines(sched: VtimeSchedReport, options: VtimeTerminalOptions): string[] {
  const { style, width } = options;
  const window = windowOf(sched);
  const span = window.to > window.from ? `, charts span ${duration(window.to - window.from)}` : '';
  const lines = [`${style.strong(`Scheduler ${sched.scheduler}`)}${span}`];
  if (sched.mismatch !== null) lines.push(style.possible(`  the description does not fit: ${sched.mismatch}`));
  lines.push(`  ${'basis'.padEnd(18)}${'value'.padStart(24)}  updates  largest step  hidden from it`);
  for (const basis of sched.bases) {
    const value = basis.low === basis.high ? String(basis.low ?? '?') : `${basis.low ?? '?'}..${basis.high ?? '?'}`;
    const hidden = basis.hidden_tasks === 0 ? '-' : `${duration(basis.hidden_ns)} of ${basis.hidden_tasks} tasks`;
    lines.push(
      `  ${basis.basis.padEnd(18)}${value.padStart(24)}  ${String(basis.updates).padStart(7)}  ${duration(basis.largest_step_ns).padStart(12)}  ${hidden}`,
    );
  }
  const shown = sched.tasks.slice(0, options.tasks);
  for (const task of shown) {
    lines.push('', `  ${style.strong(`${task.comm}[${task.pid}]`)} weight ${task.weight}`);
    for (const drift of task.drifts) lines.push(...driftLines(drift, window, width, style));
    for (const charged of task.charged) lines.push(`    charged  ${chargedText(charged)}`);
  }
  if (sched.tasks.length > shown.length)
    lines.push('', style.faint(`  ${sched.tasks.length - shown.length} more tasks drifted less; --tasks shows more`));
  return lines;
}

/** Time between the first and the last sample of a scheduler, ns. */
interface Window {
  readonly from: number;
  readonly to: number;
}

function windowOf(sched: VtimeSchedReport): Window {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { drifts } of sched.tasks)
    for (const { samples } of drifts)
      for (const { ts } of samples) {
        from = Math.min(from, Number(ts));
        to = Math.max(to, Number(ts));
      }
  return { from, to };
}

function driftLines(drift: VtimeDrift, window: Window, width: number, style: Style): string[] {
  const largest = drift.largest_ns;
  const isCertain = largest !== null;
  const lines = [
    `    ${drift.basis.padEnd(16)} ${style.mark(chart(drift.samples, window, width))}  ${isCertain ? `up to ${duration(largest)} ahead` : 'not bounded from below'}`,
  ];
  if (drift.hidden_runs === 0) return lines;
  const foreseen = [
    ...(drift.to_error_ns === null ? [] : [`error in ${duration(drift.to_error_ns)}`]),
    ...(drift.to_stall_ns === null ? [] : [`stall in ${duration(drift.to_stall_ns)}`]),
  ];
  const grows = drift.rate === null || drift.rate <= 0 ? '' : `, grows by ${duration(drift.rate * 1e9)} a second`;
  lines.push(
    style.possible(
      `    ${' '.repeat(16)} ${duration(drift.hidden_ns)} in ${drift.hidden_runs} runs did not reach it${grows}${foreseen.length === 0 ? '' : `: ${foreseen.join(', ')}`}`,
    ),
  );
  return lines;
}

/** Highest certain drift (where none is certain: highest possible) of each column; nothing where there is no sample. */
function chart(samples: readonly DriftSample[], { from, to }: Window, width: number): string {
  const columns = new Array<number>(width).fill(Number.NEGATIVE_INFINITY);
  for (const { ts, min_ns, max_ns } of samples) {
    const value = min_ns ?? max_ns;
    if (value === null) continue;
    const at = to <= from ? 0 : Math.min(width - 1, Math.floor(((Number(ts) - from) / (to - from)) * width));
    columns[at] = Math.max(columns[at] ?? value, value);
  }
  const top = Math.max(1, ...columns);
  return columns
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      return BLOCKS[Math.max(0, Math.ceil((value / top) * BLOCKS.length) - 1)] ?? '█';
    })
    .join('');
}

function chargedText({ group, borrowed, pinned, runs, runtime_ns, charge_ns }: VtimeCharged): string {
  const where = [
    ...(group === null ? [] : [`on CPUs of group ${group}`]),
    ...(borrowed === true ? ['borrowed'] : []),
    ...(pinned === true ? ['pinned'] : []),
  ];
  const place = where.length === 0 ? '' : ` ${where.join(', ')}`;
  return `${duration(charge_ns)} for ${duration(runtime_ns)} in ${runs} runs${place}`;
}

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const;

function duration(ns: number): string {
  for (const [scale, unit] of UNITS) if (Math.abs(ns) >= scale) return `${Number((ns / scale).toPrecision(4))} ${unit}`;
  return `${Math.round(ns)} ns`;
}
