// Event formats for the tests of this folder, with the arguments that the probe catalogue knows.
import { eventDef } from '../../support/trace-dat.ts';

export const LINK = eventDef('scx', 'dsq_insert', 1700, [
  'u64 __probe_ip',
  'u64 dsq',
  'u64 did',
  's32 lcpu',
  's32 pid',
  'u32 nr',
  'u32 seq',
  'u64 enq_flags',
  'u64 slice',
  'u64 vtime',
  'u8 dsqf',
  's32 tcpu',
  'u16 md',
  'u64 m0',
]);

export const UNLINK = eventDef('scx', 'dsq_unlink', 1701, [
  'u64 __probe_ip',
  'u64 dsq',
  'u64 did',
  's32 lcpu',
  's32 pid',
  'u32 nr',
  's32 hold',
]);

export const SWITCH = eventDef('scx', 'switch', 1702, [
  'u64 __probe_ip',
  's32 prev',
  's32 next',
  'u32 pstate',
  'u8 preempt',
]);

export const SCHED_SWITCH = eventDef('sched', 'sched_switch', 310, [
  'char prev_comm[16]',
  's32 prev_pid',
  's32 prev_prio',
  's64 prev_state',
  'char next_comm[16]',
  's32 next_pid',
  's32 next_prio',
]);

export const WAKING = eventDef('sched', 'sched_waking', 313, [
  'char comm[16]',
  's32 pid',
  's32 prio',
  's32 target_cpu',
]);

export const SCX_EVENT = eventDef('sched_ext', 'sched_ext_event', 345, [
  '__data_loc char[] name',
  's32 pad',
  's64 delta',
]);

export const PRINT = eventDef('ftrace', 'print', 5, ['u64 ip', 'char buf[0]']);

export const STACK = eventDef('ftrace', 'kernel_stack', 4, ['s32 size', 'u64 c0', 'u64 c1', 'u64 c2']);

/** An event that the catalogue does not know. */
export const OTHER = eventDef('irq', 'irq_handler_entry', 160, ['s32 irq', 's32 nr']);

export const LOCAL_DSQ = 0x8000000000000002n;
