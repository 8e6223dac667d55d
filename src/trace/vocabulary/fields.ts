// Every field that a trace event can carry: its kind, unit and meaning, declared once for types, schema, readers and docs.

/**
 * How a field is stored and spelled.
 * - `int`: signed 32 bit. `uint`: unsigned 32 bit. `bool`.
 * - `u64`, `s64`: 64 bit, exact; decimal or `0x` text is accepted. `hex`: a u64 that is written in hexadecimal.
 * - `id`: a u64 that is written in decimal while it is small (scheduler ids), in hexadecimal when it is an address.
 * - `dsq`: a DSQ id (64 bit), written by name where it has one. `cpus`: a cpulist. `str`: text.
 */
export type FieldKind = 'int' | 'uint' | 'bool' | 'u64' | 's64' | 'hex' | 'id' | 'dsq' | 'cpus' | 'str';

export interface FieldSpec {
  readonly kind: FieldKind;
  readonly doc: string;
}

const int = <const D extends string>(doc: D) => ({ kind: 'int', doc }) as const;
const uint = <const D extends string>(doc: D) => ({ kind: 'uint', doc }) as const;
const bool = <const D extends string>(doc: D) => ({ kind: 'bool', doc }) as const;
const u64 = <const D extends string>(doc: D) => ({ kind: 'u64', doc }) as const;
const s64 = <const D extends string>(doc: D) => ({ kind: 's64', doc }) as const;
const hex = <const D extends string>(doc: D) => ({ kind: 'hex', doc }) as const;
const id = <const D extends string>(doc: D) => ({ kind: 'id', doc }) as const;
const dsq = <const D extends string>(doc: D) => ({ kind: 'dsq', doc }) as const;
const cpus = <const D extends string>(doc: D) => ({ kind: 'cpus', doc }) as const;
const str = <const D extends string>(doc: D) => ({ kind: 'str', doc }) as const;

/** Field name to kind and meaning. One name means the same thing in every event type. */
export const FIELDS = {
  // Which half of a call, and which of several probes of one type.
  phase: str('`begin` or `end` of a call that was recorded at entry and at return; absent: the call as a whole'),
  step: str('which of the moments that this event type covers'),

  // Tasks.
  pid: int('task'),
  tgid: int('thread group'),
  parent: int('pid of the parent'),
  old_pid: int('pid before execve, when a thread other than the leader called it'),
  to: int('pid of the task yielded to'),
  prev: int('pid of the task that leaves the CPU (or ran before)'),
  next: int('pid of the task that comes'),
  curr: int('pid of the current task of the run queue'),
  comm: str('command name, at most 15 bytes'),
  prev_comm: str('command name of `prev`, where it was learnt here'),
  next_comm: str('command name of `next`, where it was learnt here'),
  parent_comm: str('command name of `parent`'),
  filename: str('file given to execve'),
  policy: uint('scheduling policy: 0 NORMAL, 1 FIFO, 2 RR, 3 BATCH, 5 IDLE, 6 DEADLINE, 7 EXT'),
  prio: int('kernel priority, 0..139'),
  static_prio: int('static priority, 100..139'),
  task_flags: hex('p->flags (PF_*)'),
  tid: u64('scx task id (7.2+)'),
  prev_state: uint('task state of `prev` at the switch; 0 is runnable'),
  preempt: bool('the switch was a preemption'),
  class: hex('scheduling class: address of the sched_class, resolved with the header'),
  prev_class: hex('scheduling class of `prev`'),
  next_class: hex('scheduling class of `next`'),
  state: uint('new task state in sched_ext, as a number (0..5) or in its place in p->scx.flags (bits 8..10)'),
  old_state: hex('p->scx.flags before the state change'),
  scx_flags: hex('p->scx.flags'),
  ops_state: hex('p->scx.ops_state: low two bits 0 none 1 queueing 2 queued 3 dispatching, the rest qseq'),
  qseq: u64('qseq at the time of the verdict'),
  weight: uint('p->scx.weight, 1..10000'),
  load_weight: u64('fair-class load weight'),
  slice: u64('p->scx.slice or the slice asked for, ns; 18446744073709551615 is SCX_SLICE_INF'),
  old_slice: u64('slice before, ns'),
  prev_slice: u64('slice of `prev`, ns'),
  next_slice: u64('slice of `next`, ns'),
  vtime: u64('p->scx.dsq_vtime or the vtime asked for'),
  next_vtime: u64('dsq_vtime of `next`'),
  next_scx_flags: hex('p->scx.flags of `next`'),
  next_migration_disabled: uint('p->migration_disabled of `next`'),
  migration_disabled: uint('p->migration_disabled'),
  nr_cpus_allowed: int('p->nr_cpus_allowed'),
  cpus: cpus('effective affinity, *p->cpus_ptr'),
  new_cpus: cpus('affinity asked for'),
  old_cpus: cpus('affinity before'),
  next_cpus: cpus('effective affinity of `next`'),
  user_cpus: cpus('user_cpus_ptr'),
  affinity_flags: hex('SCA_* flags of the affinity change'),
  cpus_bits: uint('only the first N bits of the masks of this event were recorded'),
  reenq_cnt: uint('re-enqueues since the task last ran'),
  holding_cpu: int('p->scx.holding_cpu, the transfer token; -1 nobody'),
  sticky_cpu: int('p->scx.sticky_cpu; -1 none'),
  selected_cpu: int('p->scx.selected_cpu'),
  task_cpu: int('CPU of the run queue that the task is assigned to'),
  on_rq: uint('p->on_rq'),
  fork: bool('the task is being forked'),
  ddsp_dsq: dsq('p->scx.ddsp_dsq_id: pending direct dispatch; `invalid` is none'),

  // CPUs and run queues.
  rq: int('CPU of the run queue concerned (not the CPU that executes)'),
  target: int('CPU that the event is about'),
  prev_cpu: int('CPU that the task ran on before'),
  orig_cpu: int('CPU that the task leaves'),
  dest_cpu: int('CPU that the task goes to'),
  src: int('source CPU of a move'),
  dst: int('destination CPU of a move'),
  rq_flags: hex('rq->scx.flags'),
  local_nr: uint('number of tasks on the local DSQ of the rq'),
  nr_running: uint('rq->scx.nr_running'),
  idle: bool('the CPU goes idle (true) or leaves idle (false)'),
  notify: bool('ops.update_idle() is notified'),
  wake_flags: hex('wake flags: FORK 4, TTWU 8, SYNC 0x10'),
  enq_flags: hex('enqueue flags'),
  deq_flags: hex('dequeue flags'),
  remote_activate_enq_flags: hex('enqueue flags carried across a remote move'),
  remote_activate_sched: id('scheduler carried across a remote move'),
  kick_flags: hex('SCX_KICK_*: IDLE 1, PREEMPT 2, WAIT 4'),
  reenq_flags: hex('SCX_REENQ_*'),
  first: bool('set_next_task: first pick'),
  force: bool('the pick is on behalf of the ext deadline server'),
  verdict: str('result of a pick: `task`, `none` or `retry`'),
  enforce: bool('a refusal is an error of the scheduler'),
  lazy: bool('lazy resched'),

  // DSQs.
  dsq: dsq('DSQ id, or the id asked for'),
  dsq_addr: hex('identity of the DSQ instance where the id alone does not tell (its address); 0 none'),
  dsq_cpu: int('CPU of a local DSQ'),
  src_dsq: dsq('id of the source DSQ'),
  src_dsq_addr: hex('identity of the source DSQ'),
  node: int('NUMA node; -1 none'),
  nr: uint('number of tasks on the DSQ before the operation'),
  dsq_seq: uint('dsq->seq, the insertion counter, this insertion included'),
  dsq_flags: hex('p->scx.dsq_flags: 1 ON_PRIQ'),
  priq: bool('vtime ordered'),
  iter_flags: hex('iterator flags'),
  found: dsq('id of the DSQ that the request resolved to'),
  n: uint('number of entries'),
  ret: int('return value'),
  result: str('what became of a verdict: `inserted`, `dropped`, `fallback`'),

  // Scheduler instances.
  sched: id('scheduler instance: scx_sched.id, or its address before 7.3; never reused'),
  prev_sched: id('scheduler instance of the previous task'),
  prev_ecaps: hex("capabilities in effect on this CPU of the previous task's scheduler"),
  ecaps: hex('capabilities in effect on this CPU'),
  name: str('name'),
  level: int('depth in the scheduler tree, root 0'),
  parent_sched: id('ancestors of the instance (address)'),
  ops_flags: hex('ops.flags'),
  has_op: hex('bits of the implemented callbacks'),
  ops: str('names of the implemented callbacks, without `ops.`, separated by blanks'),
  max_batch: uint('dispatch buffer length'),
  timeout_ms: uint('ops.timeout_ms'),
  watchdog_timeout: u64('watchdog timeout, jiffies'),
  slice_dfl: u64('default slice, ns'),
  cgroup: u64('cgroup id'),
  cid_form: bool('cid-form scheduler'),
  path: str('cgroup path'),
  exit_kind: int(
    'exit kind: UNREG 64, UNREG_BPF 65, UNREG_KERN 66, SYSRQ 67, PARENT 68, PARENT_KILL 69, ERROR 1024, ERROR_BPF 1025, ERROR_STALL 1026, ERROR_REENQ 1027, ERROR_RESCUE 1028',
  ),
  code: s64('exit code'),
  exit_cpu: int('CPU named by the exit; -1 unknown'),
  fmt: str('format string of the error site'),
  msg: str('formatted exit message'),
  bypass: bool('bypass on or off'),
  depth: int('bypass depth'),
  op: str('name of a callback'),

  // Load balancer of bypass mode and counters.
  nr_cpus: uint('online CPUs of the node'),
  nr_tasks: uint('tasks on the bypass DSQs of the node, before'),
  nr_balanced: uint('tasks moved'),
  before_min: uint('shortest bypass DSQ before'),
  before_max: uint('longest bypass DSQ before'),
  after_min: uint('shortest bypass DSQ after'),
  after_max: uint('longest bypass DSQ after'),
  delta: s64('increment'),

  // Capabilities.
  cid: int('cid (topological CPU id)'),
  caps: hex('capability bits'),
  missing_caps: hex('capabilities that were missing'),
  missing_cid: int('cid on which they were missing'),
  cids: cpus('set of cids'),
  old_ecaps: hex('capabilities in effect before, or as last reported'),
  base: int('first cid of the window of a cid mask'),
  nr_cids: uint('number of cids in the window of a cid mask'),
  alloc_words: uint('64-bit words that the memory of a cid mask holds'),
  pending: hex('pending folds of the CPU; 0 none'),
  denied: bool('a denied_out mask was passed'),
  denied_cids: cpus('the denied_out mask: at the beginning as it was passed, at the end with what was refused'),
  cpu_to_cid: str('cid of each CPU id, separated by commas; -1 for CPUs that are not possible'),
  shard_start: str('first cid of each shard, separated by commas'),
  cid_topo: str(
    'per cid, separated by semicolons: core_cid,core_idx,llc_cid,llc_idx,node_cid,node_idx,shard_cid,shard_idx',
  ),
  shard_size: uint('ops.cid_shard_size; 0 is the default'),
  budget: s64('rescue budget of the CPU, ns'),
  rescue_ppt: uint('ops.rescue_bandwidth_ppt: 0 is the default (20), 4294967295 switches rescue off'),
  rescue_us: uint('ops.rescue_quantum_us: 0 is the default (5000)'),
  perf: uint('performance target, 0..1024'),
  resched: bool('the target was made to reschedule'),
  zeroed: bool('the slice of the current task was set to 0'),

  // Group accounting.
  cell: int('cell / layer / domain'),
  basis: u64('vtime_now of the group'),

  // The recording.
  expect: str(
    'what must be reported at this event, for fixtures: rule ids separated by blanks, each with `/CLASS`, `=KERNEL STATUS` and `?` (only possible) where they apply',
  ),
  text: str('text'),
  count: u64('number of lost records; absent: not known'),
} as const satisfies Record<string, FieldSpec>;

export type FieldName = keyof typeof FIELDS;

type NamesOf<K extends FieldKind> = { [N in FieldName]: (typeof FIELDS)[N]['kind'] extends K ? N : never }[FieldName];

export type IntField = NamesOf<'int' | 'uint'>;
export type BoolField = NamesOf<'bool'>;
export type WideField = NamesOf<'u64' | 's64' | 'hex' | 'id' | 'dsq'>;
export type MaskField = NamesOf<'cpus'>;
export type StringField = NamesOf<'str'>;

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];

/** True for kinds that are stored in two 32-bit halves. */
export function isWide(kind: FieldKind): boolean {
  return kind === 'u64' || kind === 's64' || kind === 'hex' || kind === 'id' || kind === 'dsq';
}
