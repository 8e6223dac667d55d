// The life of a task, CPU or DSQ for people: one line an event, what it changed and why below it, a summary at the end.
import type {
  Change,
  CpuSummary,
  Drop,
  DsqSummary,
  FactValue,
  FollowEntry,
  FollowHead,
  FollowTail,
  ListChange,
  TaskSummary,
} from '../state/follow/document.ts';
import { formatDuration } from '../trace/duration.ts';
import { between, plural, seconds, UNKNOWN_TEXT } from './state-words.ts';
import type { Style } from './style.ts';

/** Facts that say for programs what the other facts and the event itself say for people. */
const QUIET = new Set([
  'pid',
  'linked',
  'ran',
  'waiting_since',
  'curr_since',
  'callback_since',
  'by_vtime',
  'dsq_sched',
  'in_custody',
  'taken',
]);

const NAMES: Readonly<Record<string, string>> = {
  cpus: 'mask',
  migration_disabled: 'migration-disabled',
  migration_pending: 'migration pending',
  on_cpu: 'runs on CPU',
  task_cpu: 'assigned to CPU',
  direct_dispatch: 'direct dispatch',
  holding_cpu: 'carried by CPU',
  qseq: 'round',
  curr: 'current',
  callback_task: 'callback of',
  local_unknown: 'unknown on local',
  buffer_known: 'buffer known',
  rejected_on: 'rejected on CPU',
  missing_caps: 'missing',
  parked_on: 'waits for rescue on CPU',
};

/** Drops listed in the summary. */
const DROPS_SHOWN = 10;

export class FollowTerminal {
  readonly #write: (text: string) => void;
  readonly #style: Style;
  #last: FollowEntry | undefined;
  #custody: { readonly ts: string | number } | undefined;

  constructor(write: (text: string) => void, style: Style) {
    this.#write = write;
    this.#style = style;
  }

  begin(head: FollowHead): void {
    const { trace, subject } = head;
    const facts = [trace.format, trace.kernel === null ? 'kernel unknown' : `Linux ${trace.kernel}`].join(', ');
    this.#write(`${this.#style.strong(subject.name)} in ${trace.path}  ${this.#style.faint(facts)}\n\n`);
    const custody = head.initial?.custody;
    if (isMoment(custody)) this.#custody = custody;
  }

  entry(entry: FollowEntry): void {
    const style = this.#style;
    const delta = this.#last === undefined ? '' : `+${formatDuration(between(this.#last.ts, entry.ts))}`;
    const head = `${style.mark(seconds(entry.ts))} ${delta.padStart(9)}  CPU ${String(entry.cpu).padEnd(3)} ${entry.text}`;
    const lines = [`${head}  ${style.faint(`@${entry.event}`)}`];
    const changes = entry.changes.flatMap((change) => this.#changeText(change, entry));
    if (changes.length > 0) lines.push(`${INDENT}${style.pass(changes.join('; '))}`);
    for (const { text, refers } of entry.notes)
      lines.push(`${INDENT}${text}${refers === undefined ? '' : style.faint(` (@${refers.event})`)}`);
    this.#last = entry;
    this.#write(`${lines.join('\n')}\n`);
  }

  end(tail: FollowTail): void {
    const style = this.#style;
    const span =
      tail.from === null || tail.to === null
        ? ''
        : `; counted from ${seconds(tail.from)} to ${seconds(tail.to)}, ${formatDuration(between(tail.from, tail.to))}`;
    const lines = [
      '',
      `${style.strong('Summary')}  ${plural(tail.entries, 'event')} shown${span}`,
      ...summaryLines(tail),
    ];
    if (tail.incomplete !== undefined) lines.push(`${style.violation('incomplete')}  ${tail.incomplete.error}`);
    this.#write(`${lines.join('\n')}\n`);
  }

  #changeText(change: Change, entry: FollowEntry): string[] {
    const { field } = change;
    if (!('after' in change)) return [listChange(change)];
    const { before, after } = change;
    if (field === 'custody') return [this.#custodyText(after, entry)];
    if (QUIET.has(field)) return [];
    if (field === 'taken_by') return after === null ? [] : [`taken: ${valueText(after)}`];
    const name = NAMES[field] ?? field;
    if (field === 'slice') return [`${name} ${sliceText(before)} → ${sliceText(after)}`];
    if (field === 'flags') return flagChange(before, after);
    // Known to be nothing, or not known: only a real value is news.
    if (field === 'holding_cpu' && typeof before !== 'number' && typeof after !== 'number') return [];
    if (field === 'migration_pending' && before !== true && after !== true) return [];
    return [`${name} ${valueText(before)} → ${valueText(after)}`];
  }

  #custodyText(after: FactValue, entry: FollowEntry): string {
    const began = this.#custody;
    this.#custody = isMoment(after) ? after : undefined;
    if (isMoment(after)) return 'custody begins';
    if (after === null) return `custody ${UNKNOWN_TEXT}`;
    return began === undefined ? 'no custody' : `custody ends after ${formatDuration(between(began.ts, entry.ts))}`;
  }
}

const INDENT = ' '.repeat(12);

/** Positions are told by the notes: the list holds known members only. */
function listChange({ field, removed, inserted }: ListChange): string {
  return `${field}: ${[...removed.map((item) => `-${item}`), ...inserted.map((item) => `+${item}`)].join(' ')}`;
}

/** Flags that other facts show, or that only prepare something. */
const QUIET_FLAGS = new Set(['QUEUED', 'IN_CUSTODY', 'RESET_RUNNABLE_AT', 'DEQD_FOR_SLEEP']);

/** Flags that came and went. */
function flagChange(before: FactValue, after: FactValue): string[] {
  const flagsOf = (value: FactValue): string[] =>
    (typeof value === 'string' ? value.split(' ') : []).filter((flag) => flag !== '' && !QUIET_FLAGS.has(flag));
  const old = flagsOf(before);
  const now = flagsOf(after);
  return [
    ...old.filter((flag) => !now.includes(flag)).map((flag) => `-${flag}`),
    ...now.filter((flag) => !old.includes(flag)).map((flag) => `+${flag}`),
  ];
}

function sliceText(value: FactValue): string {
  return typeof value === 'number' ? formatDuration(value) : value === 'inf' ? 'infinite' : valueText(value);
}

function valueText(value: FactValue): string {
  if (value === null) return UNKNOWN_TEXT;
  if (isMoment(value)) return `@${value.event}`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : value.join(', ');
  return String(value);
}

function isMoment(value: FactValue | undefined): value is { readonly event: number; readonly ts: string | number } {
  return typeof value === 'object' && value !== null && 'event' in value;
}

function summaryLines({ summary }: FollowTail): string[] {
  switch (summary.kind) {
    case 'task':
      return taskSummary(summary);
    case 'cpu':
      return cpuSummary(summary);
    case 'dsq':
      return dsqSummary(summary);
  }
}

function taskSummary(summary: TaskSummary): string[] {
  const cpus = summary.cpus.map(({ cpu, runs, run_ns }) => `CPU ${cpu} ${runs}× ${formatDuration(run_ns)}`);
  const { longest_wait: longest, open_wait: open } = summary;
  return [
    `  runs      ${summary.runs}, ${formatDuration(summary.run_ns)} in all${cpus.length === 0 ? '' : ` (${cpus.join(', ')})`}; ${plural(summary.migrations, 'migration')}`,
    `  waits     ${summary.waits}, ${formatDuration(summary.wait_ns)} in all${longest === null ? '' : `; the longest ${formatDuration(longest.ns)}, from ${seconds(longest.began.ts)} (@${longest.began.event}) to ${seconds(longest.ended.ts)} (@${longest.ended.event})`}`,
    ...(open === null ? [] : [`  waiting   at the end, since ${seconds(open.ts)} (@${open.event})`]),
    `  decisions ${plural(summary.enqueues, 'enqueue')}, ${summary.taken} of them taken by the scheduler; ${plural(summary.inserts, 'insert')}, ${summary.drops} of them dropped`,
    ...dropLines(summary.drops, summary.drop_list),
    ...(summary.affinity_changes === 0 ? [] : [`  affinity  ${plural(summary.affinity_changes, 'change')}`]),
    ...(summary.passed_over === 0
      ? []
      : [`  passed    over ${plural(summary.passed_over, 'time')} by CPUs that may not run it`]),
    ...summary.errors.map((error) => `  error     ${error}`),
  ];
}

function cpuSummary(summary: CpuSummary): string[] {
  return [
    `  switches  ${summary.switches}; busy for ${formatDuration(summary.busy_ns)}`,
    `  picks     ${summary.picks}, ${summary.picks_of_nothing} of them of nothing`,
    `  decisions ${plural(summary.inserts, 'insert')}, ${plural(summary.drops, 'verdict')} dropped`,
    ...dropLines(summary.drops, summary.drop_list),
  ];
}

function dsqSummary(summary: DsqSummary): string[] {
  const { longest_stay: longest } = summary;
  return [
    `  tasks     ${summary.links} came, ${summary.unlinks} left; at most ${summary.max_nr} at a time`,
    ...(longest === null
      ? []
      : [
          `  longest   pid ${longest.pid} for ${formatDuration(longest.ns)}, from ${seconds(longest.began.ts)} (@${longest.began.event}) to ${seconds(longest.ended.ts)} (@${longest.ended.event})`,
        ]),
  ];
}

function dropLines(total: number, drops: readonly Drop[]): string[] {
  const lines = drops
    .slice(0, DROPS_SHOWN)
    .map(
      ({ pid, dsq, inserted, dropped, why }) =>
        `    insert of pid ${pid} on DSQ ${dsq} at ${seconds(inserted.ts)} (@${inserted.event}) dropped at @${dropped.event}: ${why}`,
    );
  if (total > lines.length && lines.length > 0) lines.push(`    and ${total - lines.length} more`);
  return lines;
}
