// One event in a few words, for timelines: the facts that people look for, in the kernel's terms.
import { formatDsqId } from '../kernel/dsq-id.ts';
import { exitReason } from '../kernel/exit.ts';
import { TASK_STATE_SHIFT } from '../kernel/flags.ts';
import { SLOT, SLOTS, type TraceEvent } from './event.ts';
import { fieldToText, wideToText } from './spelling.ts';
import { toBigInt } from './u64.ts';
import { KIND } from './vocabulary/index.ts';

/** Spells a task by its pid. */
export type NameOf = (pid: number) => string;

type Describer = (event: TraceEvent, name: NameOf) => string;

const dsqText = (event: TraceEvent): string => {
  const id = formatDsqId(event.dsq_hi, event.dsq_lo);
  return event.dsq_cpu >= 0 ? `${id}:${event.dsq_cpu}` : id;
};
const ns = (hi: number, lo: number): string => `${toBigInt(hi, lo)} ns`;

const DESCRIBERS: { readonly [kind: number]: Describer } = {
  [KIND.switch]: (e, name) => `switch ${name(e.prev)} → ${name(e.next)}`,
  [KIND.affinity]: (e, name) => {
    const old = e.has('old_cpus') ? `${e.old_cpus.toString()} → ` : '';
    const now = e.has('new_cpus') ? e.new_cpus.toString() : e.cpus.toString();
    return `affinity of ${name(e.pid)}: ${old}${now}${e.phase === 'end' ? ' in effect' : ''}`;
  },
  [KIND.insert]: (e, name) =>
    `insert ${name(e.pid)}${e.has('dsq') ? ` on DSQ ${dsqText(e)}` : ''}${e.has('vtime') && e.priq ? ` with vtime ${toBigInt(e.vtime_hi, e.vtime_lo)}` : ''}${e.step === 'commit' ? ' recorded' : ''}${e.has('ret') ? (e.ret > 0 ? ' accepted' : ' refused') : ''}`,
  [KIND.dsq_link]: (e, name) =>
    `${name(e.pid)} put on DSQ ${dsqText(e)}${e.has('nr') ? ` (${e.nr} → ${e.nr + 1} tasks)` : ''}`,
  [KIND.dsq_unlink]: (e, name) =>
    `${name(e.pid)} taken off DSQ ${dsqText(e)}${e.has('nr') ? ` (${e.nr} → ${e.nr - 1} tasks)` : ''}`,
  [KIND.ops_enqueue]: (e, name) => {
    if (e.phase === 'begin') return `enqueue of ${name(e.pid)} begins, rq ${e.rq}`;
    const taken = e.has('ops_state') && (e.ops_state_lo & 3) === 2;
    return `enqueue of ${name(e.pid)}${e.phase === 'end' ? ' ends' : ''}${taken ? ': the scheduler holds the task' : ''}`;
  },
  [KIND.ops_dequeue]: (e, name) => `${name(e.pid)} taken back from the scheduler or its DSQ, rq ${e.rq}`,
  [KIND.enqueue]: (e, name) => `${name(e.pid)} becomes runnable on rq ${e.rq}`,
  [KIND.dequeue]: (e, name) => `${name(e.pid)} leaves rq ${e.rq}`,
  [KIND.run]: (e, name) => `${name(e.pid)} set to run on CPU ${e.rq}`,
  [KIND.stop]: (e, name) => `${name(e.pid)} put back on CPU ${e.rq}`,
  [KIND.pick]: (e, name) => {
    if (e.phase === 'begin') return `CPU ${e.rq} begins to pick`;
    return `CPU ${e.rq} picks ${e.verdict === 'retry' ? 'again' : e.pid >= 0 ? name(e.pid) : 'nothing'}`;
  },
  [KIND.can_run_remote]: (e, name) => {
    const mask = e.has('cpus') ? `, cpus_ptr ${e.cpus.toString()}` : '';
    const result = e.has('ret') ? (e.ret > 0 ? ': yes' : ': no') : '';
    return `may ${name(e.pid)} run on CPU ${e.rq}?${result}${mask}${e.enforce ? ' (a refusal is an error)' : ''}`;
  },
  [KIND.dispatch_to_local]: (e, name) =>
    `dispatch of ${name(e.pid)} to the local DSQ of CPU ${e.dst} (it is on CPU ${e.task_cpu})`,
  [KIND.dispatch_enqueue]: (e, name) => `${name(e.pid)} about to be put on DSQ ${dsqText(e)}`,
  [KIND.find_dsq]: (e) =>
    `look-up of DSQ ${dsqText(e)}${e.has('found') ? `: found ${formatDsqId(e.found_hi, e.found_lo)}` : ''}`,
  [KIND.move_remote_task]: (e, name) => `${name(e.pid)} moves from CPU ${e.src} to CPU ${e.dst}`,
  [KIND.consume]: (e) =>
    e.phase === 'end'
      ? `CPU ${e.rq} ${e.ret > 0 ? 'took a task' : 'took nothing'}`
      : `CPU ${e.rq} looks on DSQ ${dsqText(e)}${e.has('nr') ? ` (${e.nr} tasks)` : ''}`,
  [KIND.wakeup]: (e, name) =>
    `${e.step === 'waking' ? 'waking' : 'wakeup of'} ${name(e.pid)}${e.target >= 0 ? ` on CPU ${e.target}` : ''}`,
  [KIND.migrate]: (e, name) => `${name(e.pid)} assigned to CPU ${e.dest_cpu} (was ${e.orig_cpu})`,
  [KIND.sched_exit]: (e) => {
    if (e.step === 'error') return `error site reached: ${e.fmt}`;
    if (e.step === 'message') return `exit message: ${e.msg}`;
    return `exit claimed: ${exitReason(e.exit_kind)}${e.phase === 'end' && e.ret === 0 ? ' (too late)' : ''}`;
  },
  [KIND.bypass]: (e) => `bypass ${e.bypass ? 'on' : 'off'} ${e.phase}${e.has('depth') ? `, depth ${e.depth}` : ''}`,
  [KIND.set_vtime]: (e, name) => `vtime of ${name(e.pid)} set to ${toBigInt(e.vtime_hi, e.vtime_lo)}`,
  [KIND.set_slice]: (e, name) => `slice of ${name(e.pid)} set to ${ns(e.slice_hi, e.slice_lo)}`,
  [KIND.update_curr]: (e, name) => `${name(e.pid)} charged, slice left ${ns(e.slice_hi, e.slice_lo)}`,
  [KIND.task_init]: (e, name) => `init_task of ${name(e.pid)}${e.has('ret') ? ` returned ${e.ret}` : ''}`,
  [KIND.task_enable]: (e, name) => `${name(e.pid)} comes under the scheduler`,
  [KIND.task_disable]: (e, name) => `${name(e.pid)} leaves the scheduler`,
  [KIND.fork]: (e, name) => `fork of ${name(e.pid)}`,
  [KIND.exit]: (e, name) => `${name(e.pid)} exits`,
  [KIND.watchdog]: () => 'the watchdog looks for stalled tasks',
  [KIND.lost]: (e) => {
    if (e.phase === 'end') return 'recording goes on: no records are lost any more';
    return `${e.has('count') ? e.decimal('count') : 'some'} records lost${e.phase === 'begin' ? ' from here on' : ''}`;
  },
  [KIND.dsq_destroy]: (e) => `DSQ ${dsqText(e)} is destroyed`,
  [KIND.dsq_create]: (e) => `DSQ ${dsqText(e)} is created${e.has('ret') && e.ret !== 0 ? `: ${e.ret}` : ''}`,
  [KIND.mark]: (e) => e.text.trim(),
  [KIND.select_cpu]: (e, name) => {
    const by = SELECTORS[e.step] ?? 'CPU selection';
    if (e.phase === 'begin') return `${by} for ${name(e.pid)} begins, it was on CPU ${e.prev_cpu}`;
    return `${by} for ${name(e.pid)}: CPU ${e.has('ret') ? e.ret : e.selected_cpu}`;
  },
  [KIND.dispatch_dequeue]: (e, name) =>
    `${name(e.pid)} ${e.has('dsq_addr') && e.dsq_addr_hi === 0 && e.dsq_addr_lo === 0 ? 'is on no DSQ' : 'is to leave its DSQ'}, rq ${e.rq}`,
  [KIND.dispatch]: (e, name) => `verdict for ${name(e.pid)} ${e.result === '' ? 'finished' : e.result}`,
  [KIND.flush]: (e) =>
    e.phase === 'end'
      ? `dispatch buffer of CPU ${e.rq} worked off`
      : `dispatch buffer of CPU ${e.rq} is worked off${e.has('n') ? `: ${e.n} verdicts` : ''}`,
  [KIND.move_local_task]: (e, name) => `${name(e.pid)} goes to the local DSQ of its own CPU ${e.rq}`,
  [KIND.move_to_local]: (e) =>
    e.phase === 'end'
      ? `move from DSQ ${dsqText(e)} ${e.ret > 0 ? 'took a task' : 'took nothing'}`
      : `move from DSQ ${dsqText(e)} to the local one is asked for`,
  [KIND.move]: (e, name) => {
    const what = e.pid > 0 ? name(e.pid) : 'a task';
    if (e.phase === 'end') return `move of ${what} ${e.ret > 0 ? 'done' : 'not done'}`;
    return `move of ${what} to DSQ ${dsqText(e)} is asked for`;
  },
  [KIND.tick]: (e, name) => `tick on CPU ${e.rq}, ${name(e.pid)} runs`,
  [KIND.yield]: (e, name) => `${name(e.pid)} yields${e.to > 0 ? ` to ${name(e.to)}` : ''}`,
  [KIND.slice_end]: (e, name) => `the protection of ${name(e.pid)}'s slice ends`,
  [KIND.wakeup_preempt]: (e, name) => `may ${name(e.pid)} preempt CPU ${e.rq}?`,
  [KIND.resched]: (e, name) =>
    `CPU ${e.rq} is to reschedule${e.curr >= 0 ? `, ${name(e.curr)} runs there` : ''}${e.lazy ? ' (lazy)' : ''}`,
  [KIND.kick]: (e) => {
    if (e.step === 'irq') return 'kicks are carried out';
    if (e.step === 'wait') return `CPU ${e.rq >= 0 ? e.rq : e.cpu} waits for a kicked CPU`;
    const flags = KICKS.filter((_, bit) => ((e.kick_flags_lo >>> bit) & 1) === 1);
    return `kick of ${e.step === 'cid' ? `cid ${e.cid}` : `CPU ${e.target}`}${flags.length === 0 ? '' : ` (${flags.join(', ')})`}`;
  },
  [KIND.task_state]: (e, name) =>
    `state of ${name(e.pid)} set to ${TASK_STATES[e.state >>> TASK_STATE_SHIFT] ?? e.state}`,
  [KIND.task_exit]: (e, name) => `exit_task of ${name(e.pid)}`,
  [KIND.task_dead]: (e, name) => `${name(e.pid)} is dead`,
  [KIND.class_change]: (e, name) => `${CLASS_CHANGES[e.step] ?? 'class change of'} ${name(e.pid)}`,
  [KIND.weight]: (e, name) => `weight of ${name(e.pid)}${e.phase === 'begin' ? ' changes, it is' : ''} ${e.weight}`,
  [KIND.migration_disabled]: (e, name) => `migration-disable count of ${name(e.pid)}: ${e.migration_disabled}`,
  [KIND.scx_event]: (e) => `counter ${e.name} +${e.decimal('delta')}`,
  [KIND.cpu_online]: (e) => `CPU ${e.target} comes up${e.step === '' ? '' : ` (${e.step})`}`,
  [KIND.cpu_offline]: (e) => `CPU ${e.target} goes down${e.step === '' ? '' : ` (${e.step})`}`,
  [KIND.sched_attach]: (e) => {
    const who = e.has('name') ? `scheduler ${e.name}` : 'a scheduler';
    return `${who}: ${ATTACH_STEPS[e.step] ?? 'attached'}${e.phase === '' ? '' : ` (${e.phase})`}`;
  },
  [KIND.sched_detach]: (e) =>
    `${DETACH_STEPS[e.step] ?? 'a scheduler is detached'}${e.phase === '' ? '' : ` (${e.phase})`}`,
  [KIND.deferred]: (e) => `deferred work of CPU ${e.rq} runs`,
};

const SELECTORS: Readonly<Record<string, string>> = {
  dfl: 'built-in CPU selection',
  and: 'built-in CPU selection within a mask',
};

/** Life-cycle states since 7.1, which are passed as bits of p->scx.flags; before, they are plain numbers. */
const TASK_STATES: readonly (string | undefined)[] = [undefined, 'init_begin', 'init', 'ready', 'enabled', 'dead'];

const ATTACH_STEPS: Readonly<Record<string, string>> = {
  alloc: 'allocated',
  link: 'linked into the tree',
  root_enable: 'enabled as root',
  sub_enable: 'enabled as a sub-scheduler',
};

const DETACH_STEPS: Readonly<Record<string, string>> = {
  unreg: 'user space asks the scheduler to go',
  sysrq: 'sysrq-S asks the scheduler to go',
  root_disable: 'the root scheduler is disabled',
  sub_disable: 'a sub-scheduler is disabled',
  unlink: 'the scheduler is unlinked from the tree',
};

/** SCX_KICK_* by bit. */
const KICKS = ['IDLE', 'PREEMPT', 'WAIT'] as const;

const CLASS_CHANGES: Readonly<Record<string, string>> = {
  switching_to: 'the ext class is about to take',
  switched_to: 'the ext class has taken',
  switched_from: 'the ext class has lost',
  prio: 'a new priority for',
};

/** Fields that a general description leaves out. */
const QUIET = new Set(['phase', 'step', 'pid', 'expect']);

export function describeEvent(event: TraceEvent, name: NameOf): string {
  const describe = DESCRIBERS[event.kind];
  if (describe !== undefined) return describe(event, name);
  const head = [event.type, event.step, event.phase].filter((part) => part !== '').join(' ');
  const task = event.has('pid') ? ` ${name(event.pid)}` : '';
  const facts = SLOTS.filter((slot) => event.hasSlot(slot) && !QUIET.has(slot.field)).map(
    (slot) => `${slot.field}=${fieldToText(event, slot)}`,
  );
  return `${head}${task}${facts.length === 0 ? '' : ` ${facts.join(' ')}`}`;
}

/** A scheduler id as people write it. */
export function formatSchedId(hi: number, lo: number): string {
  return wideToText(SLOT.sched.kind, hi, lo);
}
