// The report of an inspection for people: what the file is, what it holds, what can be decided from it, what to record instead.
import type { InspectedWait, Inspection, UndecidableRules } from '../inspect/inspection.ts';
import type { Style } from './style.ts';
import { seconds, wrap } from './terminal.ts';

export interface InspectionOptions {
  readonly style: Style;
  /** Every event type and every rule. */
  readonly verbose: boolean;
}

const GROUP = new Intl.NumberFormat('en-US');
const count = (n: number): string => GROUP.format(n);

/** Event types that are listed unless all are asked for. */
const LISTED = 12;
const LABEL = 11;

const row = (label: string, text: string): string => `${label.padEnd(LABEL)}${text}`;

export function renderInspection(inspection: Inspection, { style, verbose }: InspectionOptions): string {
  const { cpus, tasks, events, lost, rules } = inspection;
  const lines = [
    `${style.strong(inspection.path)}  ${inspection.format}, ${count(inspection.bytes)} bytes`,
    ...(inspection.damage === undefined ? [] : [style.violation(row('damaged', inspection.damage))]),
    '',
    row('kernel', `${inspection.kernel ?? 'not named'}; rules of Linux ${inspection.semantics}`),
    row('clock', inspection.clock ?? 'not named'),
    row(
      'span',
      inspection.first === null || inspection.last === null
        ? 'no events'
        : `${(inspection.span_ns / 1e9).toFixed(3)} s, from ${seconds(inspection.first)} to ${seconds(inspection.last)}`,
    ),
    row(
      'CPUs',
      `events of ${cpus.seen === '' ? 'none' : cpus.seen}; possible ${cpus.possible ?? 'not known'}, online ${cpus.online ?? 'not known'}`,
    ),
    row(
      'tasks',
      `${count(tasks.seen)} in events; ${tasks.in_header === 0 ? 'no snapshot of the beginning' : `${count(tasks.in_header)} known from the beginning, ${count(tasks.with_affinity)} with their affinity`}`,
    ),
    row('sched_ext', schedulers(inspection)),
    row(
      'lost',
      lost.records === 0
        ? 'nothing, as far as the recording says'
        : `${lost.records < 0 ? 'an unknown number of records' : `${count(lost.records)} records`}${perCpu(lost.by_cpu)}`,
    ),
    ...(inspection.may_be_filtered
      ? [row('filter', 'events of some tasks may have been left out on purpose: the file does not tell')]
      : []),
    ...waitLines(inspection),
    '',
    `${style.strong('Events')}  ${count(events.total)}`,
    ...eventLines(events.by_type, verbose),
    ...listOf('not used', events.unused),
    '',
    `${style.strong('Rules')}  ${rules.decidable.length} can be decided, ${rules.undecidable.reduce((sum, group) => sum + group.rules.length, 0)} cannot`,
    ...(rules.decidable.length === 0
      ? []
      : wrap(
          row('  can', ''),
          verbose || rules.decidable.length <= LISTED
            ? rules.decidable
            : [...rules.decidable.slice(0, LISTED), `${rules.decidable.length - LISTED} more`],
        )),
    ...undecidable(rules.undecidable, style, verbose),
  ];
  return `${lines.join('\n')}\n`;
}

/** How long tasks waited for a CPU. */
function waitLines({ waits: { measured, mean_ns, longest, waiting_at_end } }: Inspection): string[] {
  const spell = ({ pid, since, ns }: InspectedWait): string => `${ms(ns)} (pid ${pid}, from ${seconds(since)})`;
  return [
    ...(longest === null
      ? []
      : [row('waits', `${count(measured)} for a CPU, ${ms(mean_ns)} on average, the longest ${spell(longest)}`)]),
    ...(waiting_at_end === null ? [] : [row('', `longest at the end: ${spell(waiting_at_end)}, still runnable`)]),
  ];
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;

function schedulers({ schedulers: seen, sched_ext: state }: Inspection): string {
  const names = seen.map(
    ({ id, name, exit }) => `${name === '' ? '?' : name} (id ${id}${exit === null ? '' : `, ended: ${exit}`})`,
  );
  const begin = state === null ? undefined : `${state} at the beginning`;
  return [...(begin === undefined ? [] : [begin]), ...names].join('; ') || 'no scheduler is attached in this file';
}

function perCpu(byCpu: Readonly<Record<string, number>>): string {
  const parts = Object.entries(byCpu).map(([cpu, n]) => `CPU ${cpu}${n < 0 ? '' : ` ${count(n)}`}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function eventLines(byType: Readonly<Record<string, number>>, verbose: boolean): string[] {
  const entries = Object.entries(byType).toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b));
  const shown = verbose ? entries : entries.slice(0, LISTED);
  const items = shown.map(([type, n]) => `${type} ${count(n)}`);
  if (entries.length > shown.length) items.push(`${entries.length - shown.length} more types`);
  return items.length === 0 ? [] : wrap(row('  types', ''), items);
}

function listOf(label: string, counts: Readonly<Record<string, number>>): string[] {
  const items = Object.entries(counts).map(([name, n]) => `${name} ${count(n)}`);
  return items.length === 0 ? [] : wrap(row(`  ${label}`, ' '), items);
}

/** One line a remedy; with `verbose` every reason with its rules. */
function undecidable(groups: readonly UndecidableRules[], style: Style, verbose: boolean): string[] {
  if (verbose) {
    return groups.flatMap((group) => [
      ...wrap(row('  cannot', ''), group.rules),
      style.faint(
        row('', `— ${group.reason}${group.record === undefined || group.record === '' ? '' : ` (${group.record})`}`),
      ),
    ]);
  }
  const byRemedy = new Map<string, number>();
  for (const { record, reason, rules } of groups) {
    const remedy =
      record === undefined
        ? reason
        : record === ''
          ? 'no recorder records what they need'
          : `not recorded what they need: ${record} records it`;
    byRemedy.set(remedy, (byRemedy.get(remedy) ?? 0) + rules.length);
  }
  const lines = [...byRemedy].map(([remedy, n]) => row('  cannot', `${n} ${n === 1 ? 'rule' : 'rules'} — ${remedy}`));
  return groups.length === 0 ? [] : [...lines, style.faint('  --verbose lists them all')];
}
