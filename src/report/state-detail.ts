// Tasks, CPUs, DSQs and schedulers of the state document in full, one block each.
import type { ExactNumber } from '../findings/result.ts';
import type {
  CpuCapsView,
  CpuView,
  DsqView,
  MaskChangeView,
  SchedCapsView,
  SchedView,
  TaskView,
  VerdictView,
} from '../state/document.ts';
import { formatDuration } from '../trace/duration.ts';
import {
  ago,
  duration,
  known,
  nameList,
  placeText,
  plural,
  seconds,
  since,
  taskName,
  UNKNOWN_TEXT,
  yesNo,
} from './state-words.ts';
import type { Style } from './style.ts';

/** Width of the labels. */
const LABEL = 12;

type Row = readonly [label: string, text: string];

const rowsOf = (rows: readonly Row[]): string[] => rows.map(([label, text]) => `  ${label.padEnd(LABEL)}${text}`);

export function taskDetail(task: TaskView, now: ExactNumber, style: Style): string[] {
  const title = [
    task.class === null ? `class ${UNKNOWN_TEXT}` : task.class === 'ext' ? 'ext class' : 'another class than ext',
    ...(task.class === 'other' ? [] : [`state ${known(task.state)}`, `scheduler ${known(task.sched)}`]),
  ];
  const head = `${style.strong(`Task ${taskName(task)}`)}  ${title.join(', ')}`;
  if (!task.alive) return [head, '  dead'];
  return [
    head,
    ...rowsOf([
      ['where', whereText(task, now)],
      ['waiting', waitText(task, now)],
      ['CPU', cpuText(task, now)],
      ['affinity', affinityText(task)],
      ...task.mask_changes.map((change): Row => ['', style.faint(maskChangeText(change))]),
      ['slice', `${duration(task.slice)}, vtime ${known(task.vtime)}, weight ${known(task.weight)}`],
      ['ops_state', `${known(task.ops_state)}, round (qseq) ${known(task.qseq)}`],
      ['custody', custodyText(task, now)],
      ['flags', task.flags === null ? UNKNOWN_TEXT : task.flags === '' ? 'none' : task.flags],
      ...(task.rejected_on === null
        ? []
        : [
            [
              'rejected',
              `on CPU ${task.rejected_on}, where its scheduler lacks ${task.missing_caps ?? UNKNOWN_TEXT}; it will be re-enqueued`,
            ] as const,
          ]),
      ...(task.parked_on === null ? [] : [['rescue', `waits on CPU ${task.parked_on} to be rescued`] as const]),
      ...(task.direct_dispatch === 'none'
        ? []
        : [['direct', `dispatch to DSQ ${known(task.direct_dispatch)} pending`] as const]),
      ...(task.reenq_cnt !== null && task.reenq_cnt > 0
        ? [['re-enqueued', `${task.reenq_cnt} times since it last ran`] as const]
        : []),
      ...task.verdicts.map((verdict): Row => ['verdict', verdictText(verdict, `on CPU ${verdict.cpu}`)]),
      ...(task.last_insert === null ? [] : [['last insert', ago(task.last_insert, now)] as const]),
    ]),
  ];
}

function whereText(task: TaskView, now: ExactNumber): string {
  const place = placeText(task);
  if (task.place === 'dsq' && task.linked !== null)
    return `${place}${task.dsq_position === null ? ' (position unknown)' : ''}${task.by_vtime === true ? ', by vtime' : ''}, for ${since(task.linked, now)}`;
  if (task.place === 'nowhere')
    return `${place}: runnable, but neither on a DSQ nor held by the scheduler; on its way between the two, or lost`;
  return place;
}

function waitText(task: TaskView, now: ExactNumber): string {
  if (task.waiting !== true) return yesNo(task.waiting);
  return task.waiting_since === null ? `yes, since ${UNKNOWN_TEXT}` : since(task.waiting_since, now);
}

function cpuText(task: TaskView, now: ExactNumber): string {
  const ran =
    task.ran === null
      ? 'has not run in the trace'
      : task.place === 'running'
        ? `running for ${since(task.ran, now)}`
        : `last set to run ${seconds(task.ran.ts)} (@${task.ran.event})`;
  return `assigned to ${known(task.task_cpu)}; ${ran}`;
}

function affinityText(task: TaskView): string {
  const limited = task.cpus_bits === null ? '' : ` (only the first ${task.cpus_bits} CPUs were recorded)`;
  const disabled =
    task.migration_disabled === null
      ? `, migration-disabled ${UNKNOWN_TEXT}`
      : task.migration_disabled > 0
        ? `, migration-disabled (${task.migration_disabled})`
        : '';
  const pending = task.migration_pending === true ? ', the core will move it off its CPU' : '';
  return `${known(task.cpus)}${limited}${disabled}${pending}`;
}

function maskChangeText(change: MaskChangeView): string {
  const end = change.end === null ? 'under way' : `in effect ${seconds(change.end.ts)} (@${change.end.event})`;
  const what = change.queued ? ', the task was queued: enqueued again' : '';
  return `${known(change.before)} → ${change.after} at ${seconds(change.begin.ts)} (@${change.begin.event}), ${end}${what}`;
}

function custodyText(task: TaskView, now: ExactNumber): string {
  if (task.custody !== null && task.custody !== 'none')
    return `the scheduler owes a decision, ${since(task.custody, now)}`;
  const owed = task.in_custody === true ? '; ops.dequeue() is owed' : '';
  const taken = task.taken_by === null || task.taken === null ? '' : `; ${task.taken_by} ${ago(task.taken, now)}`;
  return `${known(task.custody)}${owed}${taken}`;
}

function verdictText(verdict: VerdictView, where: string): string {
  const fate =
    verdict.fresh === null
      ? 'whether it would be dropped is not known'
      : verdict.fresh
        ? 'still valid'
        : 'stale: the kernel will drop it';
  return `to DSQ ${verdict.dsq} in the dispatch buffer ${where}, made ${seconds(verdict.inserted.ts)} (@${verdict.inserted.event}) for round ${known(verdict.qseq)}; ${fate}`;
}

export function cpuDetail(cpu: CpuView, now: ExactNumber, style: Style, limit: number): string[] {
  const { curr_task: curr, picked_task: picked } = cpu;
  const title = [
    `online ${yesNo(cpu.online)}`,
    `active ${yesNo(cpu.active)}`,
    ...(cpu.node === null ? [] : [`node ${cpu.node}`]),
  ];
  const callback =
    cpu.callback === null || cpu.callback === 'none'
      ? known(cpu.callback)
      : `ops.${cpu.callback}()${cpu.callback_of === null ? '' : ` of ${taskName(cpu.callback_of)}`}${cpu.callback_since === null ? '' : `, for ${since(cpu.callback_since, now)}`}`;
  return [
    `${style.strong(`CPU ${cpu.cpu}`)}  ${title.join(', ')}`,
    ...rowsOf([
      [
        'current',
        `${curr === null ? UNKNOWN_TEXT : curr === 'none' ? 'idle' : taskName(curr)}${cpu.curr_since === null ? '' : `, for ${since(cpu.curr_since, now)}`}`,
      ],
      [
        'picked',
        `${picked === null ? UNKNOWN_TEXT : picked === 'none' ? 'nothing' : taskName(picked)}${typeof cpu.picking_event === 'number' ? `; the next pick is under way (@${cpu.picking_event})` : ''}`,
      ],
      ['callback', callback],
      ['local DSQ', dsqSummary(cpu.local_dsq)],
      ...memberRows(cpu.local_dsq, now, limit),
      [
        'buffer',
        `${bufferText(cpu)}${cpu.flushing === null ? '' : `; being worked off, claimed last: ${cpu.flushing.task === null ? UNKNOWN_TEXT : taskName(cpu.flushing.task)} to DSQ ${cpu.flushing.dsq}`}`,
      ],
      ...cpu.verdicts.map(
        (verdict): Row => [
          '',
          `${verdict.task === null ? UNKNOWN_TEXT : taskName(verdict.task)} ${verdictText(verdict, 'here')}`,
        ],
      ),
      ['consuming', known(cpu.consuming)],
      ['waiting', `${plural(cpu.waiting, 'known task')} of its run queue`],
      ...(cpu.deferred.length === 0 ? [] : [['deferred', nameList(cpu.deferred.map(taskName))] as const]),
      [
        'bypass',
        cpu.bypass.length > 0
          ? `scheduler ${cpu.bypass.join(', ')}`
          : cpu.bypass_unknown.length > 0
            ? `${UNKNOWN_TEXT} for scheduler ${cpu.bypass_unknown.join(', ')}`
            : 'none',
      ],
      ...cpu.caps.map((entry): Row => ['caps', capsText(entry)]),
      ...(cpu.rescuing === 'none'
        ? []
        : [['rescuing', cpu.rescuing === null ? UNKNOWN_TEXT : taskName(cpu.rescuing)] as const]),
    ]),
  ];
}

function capsText({ sched, effective, reported, sync_waits: waits }: CpuCapsView): string {
  const told = reported === effective ? '' : `, told ${reported}`;
  return `scheduler ${sched}: ${effective}${told}${waits === true ? '; a change waits to take effect' : ''}`;
}

function bufferText(cpu: CpuView): string {
  if (cpu.verdicts.length === 0) return cpu.buffer_known ? 'empty' : UNKNOWN_TEXT;
  return `${plural(cpu.verdicts.length, 'verdict')}${cpu.buffer_known ? '' : ', perhaps more'}`;
}

export function dsqDetail(dsq: DsqView, now: ExactNumber, style: Style, limit: number): string[] {
  const title = [
    `id ${dsq.id}`,
    ...(dsq.sched === null ? [] : [`of scheduler ${dsq.sched}`]),
    ...(dsq.destroyed ? ['destroyed'] : []),
  ];
  return [
    `${style.strong(`DSQ ${dsq.name}`)}  ${title.join(', ')}`,
    ...rowsOf([
      ['contents', `${dsqSummary(dsq)}; insertion counter ${known(dsq.seq)}`],
      ...memberRows(dsq, now, limit),
    ]),
  ];
}

function dsqSummary(dsq: DsqView): string {
  if (dsq.nr === 0) return 'empty';
  const order = dsq.order === null ? 'order unknown' : dsq.order;
  if (dsq.nr === null) return `${UNKNOWN_TEXT} tasks, ${dsq.members.length} of them known (${order})`;
  const unknown = dsq.unknown === null || dsq.unknown === 0 ? '' : `, ${dsq.unknown} of them not named in the trace`;
  return `${plural(dsq.nr, 'task')} (${order})${unknown}`;
}

function memberRows(dsq: DsqView, now: ExactNumber, limit: number): Row[] {
  const certain = dsq.unknown === 0;
  const rows = dsq.members
    .slice(0, limit)
    .map(
      (member, i): Row => [
        certain ? `${i + 1}.` : '-',
        [
          taskName(member),
          ...(dsq.order === 'vtime' ? [`vtime ${known(member.vtime)}`] : []),
          `slice ${duration(member.slice)}`,
          ...(member.waited_ns === null ? [] : [`waiting ${formatDuration(member.waited_ns)}`]),
          ...(member.linked === null ? [] : [`here for ${since(member.linked, now)}`]),
          `CPU ${known(member.task_cpu)}, may run on ${known(member.cpus)}`,
        ].join('; '),
      ],
    );
  const more = dsq.members.length - rows.length;
  return more > 0 ? [...rows, ['', `and ${more} more; --limit shows more`]] : rows;
}

export function schedDetail(sched: SchedView, now: ExactNumber, style: Style): string[] {
  const { exit, tasks } = sched;
  const life = sched.gone
    ? 'gone'
    : sched.loading
      ? 'loading'
      : sched.root === null
        ? `root ${UNKNOWN_TEXT}`
        : sched.root
          ? 'the loaded root'
          : 'not the root';
  const title = [`id ${sched.id}`, `level ${sched.level}`, life, ...(sched.path === null ? [] : [sched.path])];
  return [
    `${style.strong(`Scheduler ${sched.name ?? UNKNOWN_TEXT}`)}  ${title.join(', ')}`,
    ...rowsOf([
      ['flags', sched.ops_flags === null ? UNKNOWN_TEXT : sched.ops_flags === '' ? 'none' : sched.ops_flags],
      [
        'limits',
        `dispatch buffer ${known(sched.max_batch)}, watchdog timeout ${sched.timeout_ns === null ? UNKNOWN_TEXT : formatDuration(sched.timeout_ns)}`,
      ],
      [
        'bypass',
        `depth ${known(sched.bypass_depth)}; on CPUs ${sched.bypassing === '' ? 'none' : sched.bypassing}${sched.bypassing_unknown === '' ? '' : `; ${UNKNOWN_TEXT} on CPUs ${sched.bypassing_unknown}`}`,
      ],
      ...(sched.bypass_queued === 0
        ? []
        : [['', `${sched.bypass_queued ?? UNKNOWN_TEXT} tasks on its bypass DSQs`] as const]),
      ...(sched.parent === null ? [] : [['parent', String(sched.parent)] as const]),
      ...(sched.children.length === 0 ? [] : [['children', sched.children.join(', ')] as const]),
      ...(sched.caps === null ? [] : capsRows(sched.caps)),
      ['aborting', yesNo(sched.aborting)],
      [
        'exit',
        exit === null || exit === 'none'
          ? known(exit)
          : `${exit.reason}${exit.message === null ? '' : ` (${exit.message})`}, claimed ${ago(exit.claimed, now)}`,
      ],
      ...(sched.first_error === null
        ? []
        : [
            [
              'first error',
              `${sched.first_error.fmt}, ${seconds(sched.first_error.at.ts)} (@${sched.first_error.at.event})`,
            ] as const,
          ]),
      [
        'tasks',
        `${tasks.all} known: ${tasks.running} running, ${tasks.waiting} waiting, ${tasks.held} of them held by it`,
      ],
      [
        'user DSQs',
        `${sched.user_dsqs.length === 0 ? (sched.user_dsqs_known ? 'none' : UNKNOWN_TEXT) : nameList(sched.user_dsqs, 16)}${sched.user_dsqs_known || sched.user_dsqs.length === 0 ? '' : ', perhaps more'}`,
      ],
    ]),
  ];
}

function capsRows({ effective, literal, sync_waits: waits }: SchedCapsView): Row[] {
  const rows: Row[] = effective.map(({ caps, on }, i) => [i === 0 ? 'holds' : '', `${caps} on CPUs ${on}`]);
  rows.push(...literal.map(({ caps, on }, i): Row => [i === 0 ? 'granted' : '', `${caps} on cids ${on}`]));
  if (waits !== '') rows.push(['', `changes wait to take effect on CPUs ${waits}`]);
  return rows;
}
