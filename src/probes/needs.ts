// Which probes a rule needs: from the event types it names, and from what predicts the errors of the core.
import { type EventName, parseEventName } from '../trace/recorded.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import { CAPS_PROBES } from './caps-probes.ts';
import { PROBES } from './catalogue.ts';
import type { Probe, ProbeLevel } from './probe.ts';

/** Without these no replay is sound: who runs, who exists, which scheduler is loaded, which CPUs there are. */
export const ALWAYS: readonly EventName[] = [
  'switch',
  'fork',
  'exec',
  'rename',
  'exit',
  'task_init',
  'task_enable',
  'task_disable',
  'task_exit',
  'task_dead',
  'task_sched',
  'rehome',
  'class_change',
  'affinity:scx',
  'sched_attach',
  'sched_detach',
  'sched_exit',
  'bpf_exit',
  'bypass',
  'cpu_online',
  'cpu_offline',
  'dump',
  'mark',
];

/** What the model must see as well where it sees events of a type, lest it draws wrong conclusions from them. */
const ALONG_WITH: { readonly [T in EventType]?: readonly EventName[] } = {
  run: ['stop'],
  stop: ['run'],
  enqueue: ['dequeue', 'run', 'stop', 'ops_enqueue', 'ops_dequeue'],
  ops_enqueue: ['enqueue', 'dequeue', 'ops_dequeue', 'run', 'stop', 'dsq_link'],
  dsq_link: ['dsq_unlink', 'dsq_create', 'dsq_destroy', 'dispatch_dequeue', 'dispatch_enqueue', 'run'],
  dsq_unlink: ['dsq_link', 'move_remote_task'],
  consume: ['dsq_link', 'can_run_remote', 'flush', 'pick', 'move_to_local'],
  pick: ['update_curr', 'consume', 'flush', 'run', 'stop', 'dsq_link'],
  find_dsq: [
    'flush',
    'insert',
    'dispatch_cancel',
    'pick',
    'ops_enqueue',
    'select_cpu:core',
    'dsq_create',
    'dsq_destroy',
  ],
  insert: ['ops_enqueue', 'select_cpu:core', 'pick', 'flush', 'dispatch_cancel'],
  can_run_remote: ['find_dsq', 'migrate', 'set_slice'],
  kick: ['pick', 'ops_enqueue', 'select_cpu:core'],
  reenqueue: ['ops_enqueue'],
};

/**
 * What the model must see in order to predict an error of the core at the event that causes it, by error site. The error
 * itself is recognised by its message in any case.
 */
export const SITE_NEEDS: Readonly<Record<string, readonly EventName[]>> = {
  'dispatch-disallowed-cpu': ['can_run_remote', 'find_dsq', 'insert:commit', 'affinity:scx'],
  'dispatch-migration-disabled': ['can_run_remote', 'find_dsq', 'insert:commit'],
  'dsq-nonexistent': ['find_dsq', 'insert:commit', 'dsq_create', 'dsq_destroy'],
  'dispatch-invalid-cpu': ['find_dsq', 'insert:commit'],
  'select-cpu-invalid': ['select_cpu:core', 'cpu_invalid'],
  'kfunc-invalid-cpu': ['cpu_invalid'],
  'vtime-on-builtin-dsq': ['dispatch_enqueue', 'insert:commit'],
  'dispatch-destroyed-dsq': ['dispatch_enqueue', 'dsq_destroy'],
  'dsq-vtime-into-fifo': ['dsq_link', 'dsq_unlink', 'insert:commit'],
  'dsq-fifo-into-vtime': ['dsq_link', 'dsq_unlink', 'insert:commit'],
  'direct-dispatch-twice': ['insert:commit', 'ops_enqueue', 'select_cpu:core'],
  'direct-dispatch-wrong-task': ['insert:commit', 'ops_enqueue', 'select_cpu:core'],
  'dispatch-buffer-overflow': ['insert:commit', 'flush', 'pick', 'dispatch_cancel'],
  'dispatch-buffer-underflow': ['insert:commit', 'flush', 'pick', 'dispatch_cancel'],
  'insert-null-task': ['insert:kfunc'],
  'enq-flags-invalid': ['insert:kfunc', 'move:core', 'move_to_local'],
  'immed-on-nonlocal': ['insert:kfunc', 'move:core', 'move_to_local'],
  'rescue-on-nonlocal': ['insert:kfunc', 'move:core', 'move_to_local'],
  'move-to-local-invalid-dsq': ['move_to_local', 'dsq_create', 'dsq_destroy'],
  'dsq-move-foreign-task': ['move:core', 'task_sched', 'rehome', 'dsq_create'],
  'reenq-limit': ['ops_enqueue', 'run'],
  'reenq-local-repeat': ['ops_enqueue', 'run', 'reenqueue:local'],
  'reenq-dsq-not-allowed': ['reenqueue:dsq_kfunc', 'reenqueue:schedule', 'bypass'],
  'reenq-flags-invalid': ['reenqueue:dsq_kfunc'],
  'dispatch-near-miss': ['enqueue', 'dequeue', 'dispatch_dequeue', 'migrate', 'dispatch_to_local', 'move_remote_task'],
  'runnable-stall': ['enqueue', 'dequeue', 'run', 'stop', 'dsq_link', 'watchdog'],
  'dsq-destroy-busy': ['dsq_destroy', 'dsq_link', 'dsq_unlink'],
  'kick-idle-flag-conflict': ['kick:request', 'bypass'],
  'hotplug-not-handled': ['cpu_online', 'cpu_offline', 'sched_attach'],
  'select-cpu-cross-task': ['select_cpu:core', 'select_cpu:dfl', 'select_cpu:and', 'ops_enqueue'],
  'sub-parent-bypassing': ['sched_attach', 'bypass'],
  'sub-parent-disabled': ['sched_attach', 'sched_exit'],
  'parent-exiting': ['sched_exit'],
  'init-task-failed': ['task_init'],
  'peek-builtin-dsq': ['dsq_query:peek'],
  'peek-nonexistent-dsq': ['dsq_query:peek', 'dsq_create', 'dsq_destroy'],
};

/** What a rule declares about itself, as far as recording is concerned. */
export interface RuleNeeds {
  readonly id: string;
  readonly needs: readonly (EventName | readonly EventName[])[];
}

/** Probes whose events bear this name, at the lowest level at which there are any. */
export function probesOf(name: EventName): readonly Probe[] {
  const parsed = parseEventName(name);
  if (parsed === undefined) return [];
  const bearing = PROBES.filter(
    ({ type, step }) => type === parsed.type && (parsed.step === '' || (step ?? '') === parsed.step),
  );
  const lowest = Math.min(...bearing.map((probe) => probe.level));
  return bearing.filter((probe) => probe.level <= Math.max(1, lowest));
}

/** Capabilities follow from who asks whom for what, everywhere: rules about them need all of level 1. */
const CAPS_TYPES: ReadonlySet<string> = new Set(CAPS_PROBES.map((probe) => probe.type));

function needsEverything({ needs }: RuleNeeds): boolean {
  return needs.length === 0 || needs.flat().some((name) => CAPS_TYPES.has(parseEventName(name)?.type ?? ''));
}

/** Names of the events that the rules need, alternatives and everything that the model needs along with them included. */
export function eventsFor(rules: readonly RuleNeeds[]): ReadonlySet<EventName> {
  // Events of capabilities occur only where there are sub-schedulers, and nothing there makes sense without them.
  const along = rules.some(needsEverything) ? probesAtLevel(1) : CAPS_PROBES.filter((probe) => probe.level === 1);
  const names = new Set<EventName>(ALWAYS);
  for (const { type, step } of along) names.add(step === undefined ? type : `${type}:${step}`);
  for (const rule of rules) {
    for (const need of rule.needs) for (const name of typeof need === 'string' ? [need] : need) names.add(name);
    for (const name of SITE_NEEDS[rule.id] ?? []) names.add(name);
  }
  // Sets grow while they are walked: what comes along brings its own along.
  for (const name of names) {
    const type = parseEventName(name)?.type;
    for (const other of (type === undefined ? undefined : ALONG_WITH[type]) ?? []) names.add(other);
  }
  return names;
}

/** The probes that record what the rules need, in the order of the catalogue. */
export function probesFor(rules: readonly RuleNeeds[]): readonly Probe[] {
  const chosen = new Set<Probe>();
  for (const name of eventsFor(rules)) for (const probe of probesOf(name)) chosen.add(probe);
  return PROBES.filter((probe) => chosen.has(probe));
}

/** The probes of a level and below. */
export function probesAtLevel(level: ProbeLevel): readonly Probe[] {
  return PROBES.filter((probe) => probe.level <= level);
}

/** Lowest level at which events of this name are recorded; undefined: no probe records them. */
export function levelOf(name: EventName): ProbeLevel | undefined {
  return probesOf(name).reduce<ProbeLevel | undefined>(
    (lowest, { level }) => (lowest === undefined || level < lowest ? level : lowest),
    undefined,
  );
}

/**
 * The level at which everything in `needs` is recorded, of alternatives the one that is to be had most easily; undefined:
 * no probe records all of it, only traces written by hand or by other tools hold it.
 */
export function levelFor(needs: RuleNeeds['needs']): ProbeLevel | undefined {
  let level: ProbeLevel = 1;
  for (const need of needs) {
    const levels = (typeof need === 'string' ? [need] : need).flatMap((name) => levelOf(name) ?? []);
    if (levels.length === 0) return undefined;
    const lowest = Math.min(...levels) as ProbeLevel;
    if (lowest > level) level = lowest;
  }
  return level;
}
