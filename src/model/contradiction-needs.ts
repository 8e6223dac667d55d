// Which event types the model needs in order to notice a contradiction: without them the trace is only incomplete.
import type { RecordedSet } from '../trace/recorded.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import { type Contradiction, INCONSISTENT } from './contradiction.ts';

/** All that puts a task on a run queue. */
const PLACEMENT: readonly EventType[] = ['fork', 'wakeup', 'select_cpu', 'migrate', 'enqueue', 'dsq_link', 'switch'];
/** All that makes, changes or takes back a verdict. */
const VERDICT: readonly EventType[] = [
  'insert',
  'flush',
  'find_dsq',
  'ops_enqueue',
  'ops_dequeue',
  'dequeue',
  'dispatch_enqueue',
  'dispatch_dequeue',
  'dsq_link',
];

/** By class of the contradictions about the trace, and by rule for the others. */
const NEEDS: Readonly<Record<string, readonly EventType[]>> = {
  // `Model.predictedFlags` asks for more, bit by bit.
  scx_flags: ['class_change', 'fork', 'task_init', 'task_exit', 'task_enable', 'task_disable'],
  'task-cpu': PLACEMENT,
  curr: ['switch', 'exec'],
  cpus: ['affinity', 'fork'],
  affinity: ['affinity'],
  reenq_cnt: ['ops_enqueue', 'run'],
  weight: ['weight', 'task_enable'],
  verdict: [...VERDICT, 'select_cpu'],
  'verdict-values': [...VERDICT, 'set_slice', 'set_vtime'],
  'flush-count': ['insert', 'flush', 'select_cpu', 'ops_enqueue', 'dispatch_cancel'],
  'find-dsq': ['find_dsq', 'dsq_create', 'dsq_destroy', 'sched_attach'],
  'can-run': ['affinity', 'fork', 'cpu_online', 'cpu_offline'],
  link: ['dispatch_enqueue', 'dsq_link'],
  consume: ['consume', 'dsq_unlink', 'dispatch_dequeue'],
  unlink: ['dispatch_dequeue', 'dsq_link', 'dsq_unlink'],
  sequence: [
    'run',
    'stop',
    'dequeue',
    'ops_enqueue',
    'ops_dequeue',
    'dispatch_enqueue',
    'dispatch_dequeue',
    'dsq_link',
    'dsq_unlink',
    'migrate',
  ],
  state: ['switch', 'enqueue', 'dequeue', 'class_change', 'fork', 'task_exit'],
  class: ['class_change', 'fork', 'task_enable', 'task_disable', 'exec'],
  'callback-nesting': ['run', 'stop', 'class_change', 'fork'],
  'running-switch-mismatch': ['run', 'stop', 'switch', 'class_change'],
};

/** Does a recording of these event types hold all that the contradiction follows from? False when that is not told. */
export function isProven(found: Contradiction, recorded: RecordedSet | undefined): boolean {
  const needs = NEEDS[found.rule === INCONSISTENT ? found.class : found.rule] ?? [];
  return recorded !== undefined && needs.every((type) => recorded.has(type));
}
