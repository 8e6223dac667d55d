// The state of the model for people: an overview, or the parts that were asked for in detail.
import type { CpuView, DsqView, EventView, SchedView, StateDocument, TaskView } from '../state/document.ts';
import { formatDuration } from '../trace/duration.ts';
import { cpuDetail, dsqDetail, schedDetail, taskDetail } from './state-detail.ts';
import { between, known, nameList, placeText, plural, seconds, taskName, UNKNOWN_TEXT } from './state-words.ts';
import type { Style } from './style.ts';

export interface StateTerminalOptions {
  readonly style: Style;
  /** Lines of the longest lists; undefined: as many as fit the kind of report. */
  readonly limit: number | undefined;
}

/** Lines of the longest lists: of an overview, and of the parts that were asked for. */
const OVERVIEW_LINES = 20;
const DETAIL_LINES = 200;

export function renderState(document: StateDocument, options: StateTerminalOptions): string {
  const lines = [...head(document, options.style), ''];
  const { style, limit } = options;
  lines.push(
    ...(document.selection === null
      ? overview(document, style, limit ?? OVERVIEW_LINES)
      : details(document, style, limit ?? DETAIL_LINES)),
  );
  return `${lines.join('\n').trimEnd()}\n`;
}

function head(document: StateDocument, style: Style): string[] {
  const { trace, event } = document;
  const facts = [trace.format, trace.kernel === null ? 'kernel unknown' : `Linux ${trace.kernel}`].join(', ');
  const lines = [`${style.strong(trace.path)}  ${style.faint(facts)}`, ''];
  if (event === null) lines.push('before the first event');
  else {
    lines.push(
      `${style.strong(seconds(event.ts))}  ${document.when} event @${event.event}  ${style.faint(event.position)}`,
      `  CPU ${event.cpu}  ${event.text}`,
    );
  }
  if (document.ambiguous === true)
    lines.push(
      style.possible('several events have this position; this is the first, name another by its ordinal (@N)'),
    );
  if (document.known_since !== null) {
    const { ts, event: at } = document.known_since;
    lines.push(style.possible(`records were lost at ${seconds(ts)} (@${at}): what was known before is forgotten`));
  }
  if (document.incomplete !== undefined) lines.push(`${style.violation('incomplete')}  ${document.incomplete.error}`);
  if (event !== null && document.context.length > 0)
    lines.push('', style.strong('Before it'), ...document.context.map((item) => contextLine(item, event, style)));
  return lines;
}

function contextLine(item: EventView, event: EventView, style: Style): string {
  const ago = `-${formatDuration(between(item.ts, event.ts))}`;
  return `  ${ago.padStart(9)}  CPU ${String(item.cpu).padEnd(3)} ${item.text}  ${style.faint(`@${item.event}`)}`;
}

function overview(document: StateDocument, style: Style, limit: number): string[] {
  return [
    style.strong('Schedulers'),
    ...(document.schedulers.length === 0 ? ['  none has been seen'] : document.schedulers.map(schedLine)),
    '',
    style.strong('CPUs'),
    ...cpuLines(document, style),
    '',
    style.strong('DSQs'),
    ...dsqLines(document.dsqs, limit),
    '',
    ...waitingLines(document, limit, style),
  ];
}

function details(document: StateDocument, style: Style, limit: number): string[] {
  const now = document.event?.ts ?? 0;
  return [
    ...document.schedulers.flatMap((sched) => [...schedDetail(sched, now, style), '']),
    ...document.cpus.flatMap((cpu) => [...cpuDetail(cpu, now, style, limit), '']),
    ...document.dsqs.flatMap((dsq) => [...dsqDetail(dsq, now, style, limit), '']),
    ...document.tasks.flatMap((task) => [...taskDetail(task, now, style), '']),
  ];
}

export function schedTitle(sched: SchedView): string {
  return `${sched.name ?? UNKNOWN_TEXT} (id ${sched.id}${sched.level > 0 ? `, level ${sched.level}` : ''})`;
}

function schedLine(sched: SchedView): string {
  const { exit, tasks } = sched;
  const life = sched.loading ? 'loading' : sched.gone ? 'gone' : sched.root === true ? 'root' : 'loaded';
  const parts = [
    life,
    ...(exit !== null && exit !== 'none'
      ? [`exit claimed: ${exit.reason}${exit.message === null ? '' : ` (${exit.message})`}`]
      : []),
    ...(sched.gone ? [] : [bypassText(sched)]),
    `${plural(tasks.all, 'known task')}: ${tasks.running} running, ${tasks.waiting} waiting, ${tasks.held} of them held by it`,
  ];
  return `  ${schedTitle(sched)}  ${parts.join('; ')}`;
}

function bypassText(sched: SchedView): string {
  if (sched.bypassing !== '') return `bypassing on CPUs ${sched.bypassing} (depth ${known(sched.bypass_depth)})`;
  if (sched.bypassing_unknown !== '') return `bypass ${UNKNOWN_TEXT} on CPUs ${sched.bypassing_unknown}`;
  return 'not bypassing';
}

function cpuLines(document: StateDocument, style: Style): string[] {
  const now = document.event?.ts ?? 0;
  const rows = document.cpus.map((cpu) => {
    const { curr_task: curr } = cpu;
    const current = curr === null ? UNKNOWN_TEXT : curr === 'none' ? 'idle' : taskName(curr);
    const time = cpu.curr_since === null ? '' : ` ${formatDuration(between(cpu.curr_since.ts, now))}`;
    return { id: String(cpu.cpu), current: `${current}${time}`, local: localText(cpu), doing: doingText(cpu, style) };
  });
  const width = Math.max(0, ...rows.map((row) => row.current.length));
  return rows.map((row) =>
    `  ${row.id.padStart(3)}  ${row.current.padEnd(width)}  local: ${row.local}${row.doing}`.trimEnd(),
  );
}

function localText(cpu: CpuView): string {
  const { local_dsq: local } = cpu;
  if (local.nr === 0) return 'empty';
  const unknown =
    local.unknown === null ? [`${UNKNOWN_TEXT} others`] : local.unknown > 0 ? [`${local.unknown} unknown`] : [];
  return nameList([...local.members.map(taskName), ...unknown], 4);
}

function doingText(cpu: CpuView, style: Style): string {
  const parts = [
    ...(cpu.online === false || cpu.active === false
      ? [style.possible(cpu.online === false ? 'offline' : 'not active')]
      : []),
    ...(cpu.callback !== null && cpu.callback !== 'none'
      ? [`in ops.${cpu.callback}()${cpu.callback_of === null ? '' : ` of ${taskName(cpu.callback_of)}`}`]
      : []),
    ...(cpu.verdicts.length > 0 ? [`${plural(cpu.verdicts.length, 'verdict')} in its dispatch buffer`] : []),
    ...(cpu.consuming !== null && cpu.consuming !== 'none' ? [`takes from ${cpu.consuming}`] : []),
    ...(cpu.deferred.length > 0 ? [`deferred: ${nameList(cpu.deferred.map(taskName))}`] : []),
  ];
  return parts.length === 0 ? '' : `  ${parts.join('; ')}`;
}

/** DSQs with something on them, and user DSQs; local ones stand with their CPUs. */
function dsqLines(dsqs: readonly DsqView[], limit: number): string[] {
  const living = dsqs.filter((dsq) => !dsq.destroyed && !dsq.name.startsWith('local'));
  const filled = living.filter((dsq) => dsq.nr !== 0 && !(dsq.nr === null && dsq.members.length === 0));
  const unknown = living.filter((dsq) => dsq.nr === null && dsq.members.length === 0);
  const empty = living.filter((dsq) => dsq.nr === 0);
  const lines = filled.slice(0, limit).map((dsq) => {
    const others =
      dsq.unknown === null ? [`${UNKNOWN_TEXT} others`] : dsq.unknown > 0 ? [`${dsq.unknown} unknown`] : [];
    return `  ${dsq.name}  ${plural(dsq.nr ?? dsq.members.length, 'task')}, ${dsq.order ?? 'order unknown'}: ${nameList([...dsq.members.map(taskName), ...others])}`;
  });
  if (filled.length > limit) lines.push(`  and ${filled.length - limit} more with tasks on them`);
  if (empty.length > 0) lines.push(`  empty: ${nameList(sortedNames(empty), 16)}`);
  if (unknown.length > 0) lines.push(`  contents unknown: ${nameList(sortedNames(unknown), 16)}`);
  return lines.length === 0 ? ['  none has been seen'] : lines;
}

/** Waiting tasks, the longest wait first; those whose wait is not known come last. */
function waitingLines({ tasks, schedulers }: StateDocument, limit: number, style: Style): string[] {
  const timeouts = new Map(schedulers.map((sched) => [sched.id, sched.timeout_ns]));
  const waiting = tasks
    .filter((task) => task.alive && task.waiting === true)
    .toSorted((a, b) => (b.waited_ns ?? -1) - (a.waited_ns ?? -1));
  const unknown = tasks.filter((task) => task.alive && task.waiting === null && task.class !== 'other').length;
  const lines = waiting.slice(0, limit).map((task) => {
    const wait = task.waited_ns === null ? UNKNOWN_TEXT : formatDuration(task.waited_ns);
    return `  ${wait.padStart(9)}  ${taskName(task).padEnd(22)} ${placeText(task)}; CPU ${known(task.task_cpu)}, may run on ${known(task.cpus)}${lateText(task, task.sched === null ? null : (timeouts.get(task.sched) ?? null), style)}`;
  });
  if (waiting.length > limit) lines.push(style.faint(`  and ${waiting.length - limit} more; --limit shows more`));
  if (unknown > 0) lines.push(style.faint(`  of ${plural(unknown, 'task')} it is not known whether they wait`));
  return [style.strong(`Waiting tasks (${waiting.length})`), ...lines];
}

function sortedNames(dsqs: readonly DsqView[]): string[] {
  return dsqs.map((dsq) => dsq.name).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function lateText(task: TaskView, timeout: number | null, style: Style): string {
  if (timeout === null || task.waited_ns === null || task.waited_ns <= timeout) return '';
  return style.violation(`; longer than the watchdog timeout of ${formatDuration(timeout)}`);
}
