// Numbers of the fields of Perfetto's messages that are read here (protos/perfetto/trace/*.proto).

/** Field numbers by name; plain numbers, so that a comparison says nothing of the next field that is read. */
function numbers<K extends string>(table: Record<K, number>): Readonly<Record<K, number>> {
  return table;
}

export const TRACE = numbers({ packet: 1 });

export const PACKET = numbers({
  ftraceEvents: 1,
  processTree: 2,
  clockSnapshot: 6,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  traceConfig: 33,
  ftraceStats: 34,
  previousPacketDropped: 42,
  systemInfo: 45,
  compressedPackets: 50,
  timestampClockId: 58,
  defaults: 59,
  trackDescriptor: 60,
  genericProcessTree: 122,
  zstdCompressedPackets: 133,
});

export const BUNDLE = numbers({
  cpu: 1,
  event: 2,
  lostEvents: 3,
  compactSched: 4,
  clock: 5,
  error: 8,
  genericDescriptors: 11,
});

export const COMPACT = numbers({
  switchTimestamp: 1,
  switchPrevState: 2,
  switchNextPid: 3,
  switchNextPrio: 4,
  internTable: 5,
  switchNextComm: 6,
  wakingTimestamp: 7,
  wakingPid: 8,
  wakingTarget: 9,
  wakingPrio: 10,
  wakingComm: 11,
});

export const FTRACE_EVENT = numbers({ timestamp: 1, pid: 2, commonFlags: 5, generic: 327 });

/** Fields of FtraceEvent below this are no events. */
export const FIRST_EVENT_FIELD = 3;

export const GENERIC = numbers({ name: 1, field: 2 });
export const GENERIC_FIELD = numbers({ name: 1, text: 3, int: 4, uint: 5 });
export const GENERIC_DESCRIPTOR = numbers({ fieldId: 1, descriptor: 2, group: 3 });
export const DESCRIPTOR = numbers({ name: 1, field: 2 });
export const FIELD_DESCRIPTOR = numbers({ name: 1, number: 3 });

/** Clock of ftrace events in a bundle; absent: boot time. */
export const FTRACE_CLOCKS: Readonly<Record<number, string>> = { 2: 'global', 3: 'local', 4: 'mono_raw' };

/** Events that the catalogue knows: number in FtraceEvent, name, and the names of the message's fields by number. */
export const KNOWN_EVENTS: readonly {
  readonly number: number;
  readonly name: string;
  readonly fields: Readonly<Record<number, string>>;
}[] = [
  { number: 3, name: 'ftrace:print', fields: { 2: 'buf' } },
  {
    number: 4,
    name: 'sched:sched_switch',
    fields: { 1: 'prev_comm', 2: 'prev_pid', 4: 'prev_state', 5: 'next_comm', 6: 'next_pid' },
  },
  { number: 17, name: 'sched:sched_wakeup', fields: { 1: 'comm', 2: 'pid', 3: 'prio', 5: 'target_cpu' } },
  { number: 20, name: 'sched:sched_waking', fields: { 1: 'comm', 2: 'pid', 3: 'prio', 5: 'target_cpu' } },
  { number: 114, name: 'sched:sched_wakeup_new', fields: { 1: 'comm', 2: 'pid', 3: 'prio', 5: 'target_cpu' } },
  { number: 236, name: 'task:task_rename', fields: { 1: 'pid', 3: 'newcomm' } },
  { number: 237, name: 'sched:sched_process_exec', fields: { 1: 'filename', 2: 'pid', 3: 'old_pid' } },
  { number: 238, name: 'sched:sched_process_exit', fields: { 1: 'comm', 2: 'pid', 4: 'prio' } },
  {
    number: 239,
    name: 'sched:sched_process_fork',
    fields: { 1: 'parent_comm', 2: 'parent_pid', 3: 'child_comm', 4: 'child_pid' },
  },
  {
    number: 491,
    name: 'sched:sched_migrate_task',
    fields: { 1: 'comm', 2: 'pid', 3: 'prio', 4: 'orig_cpu', 5: 'dest_cpu' },
  },
];

/** Names of other events, for counting them. */
export const OTHER_EVENTS: Readonly<Record<number, string>> = {
  11: 'cpu_frequency',
  13: 'cpu_idle',
  14: 'clock_enable',
  18: 'sched_blocked_reason',
  19: 'sched_cpu_hotplug',
  21: 'ipi_entry',
  22: 'ipi_exit',
  23: 'ipi_raise',
  24: 'softirq_entry',
  25: 'softirq_exit',
  26: 'softirq_raise',
  36: 'irq_handler_entry',
  37: 'irq_handler_exit',
  235: 'task_newtask',
  240: 'sched_process_free',
  241: 'sched_process_hang',
  242: 'sched_process_wait',
  343: 'cpuhp_exit',
  345: 'cpuhp_enter',
  353: 'sched_pi_setprio',
  542: 'kprobe_event',
};

export const TRACK_DESCRIPTOR = numbers({
  uuid: 1,
  name: 2,
  process: 3,
  thread: 4,
  parent: 5,
  counter: 8,
  staticName: 10,
});
export const THREAD = numbers({ pid: 1, tid: 2, name: 5 });
export const PROCESS = numbers({ pid: 1, name: 6 });

export const TRACK_EVENT = numbers({
  categoryIids: 3,
  debugAnnotations: 4,
  type: 9,
  nameIid: 10,
  trackUuid: 11,
  categories: 22,
  name: 23,
});
export const TRACK_EVENT_TYPE = numbers({ sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 });
export const ANNOTATION = numbers({ nameIid: 1, uint: 3, int: 4, name: 10 });
export const INTERNED = numbers({ categories: 1, eventNames: 2, annotationNames: 3 });
export const INTERNED_ENTRY = numbers({ iid: 1, name: 2 });

export const PROCESS_TREE = numbers({ processes: 1, threads: 2 });
export const TREE_PROCESS = numbers({ pid: 1, cmdline: 3, cmdlineIsComm: 9 });
export const TREE_THREAD = numbers({ tid: 1, name: 2, tgid: 3 });
export const GENERIC_TREE_THREAD = numbers({ tid: 1, pid: 2, comm: 3 });

export const CLOCK_BOOTTIME = 6;
/** Names of the clocks that every trace has, by id. */
export const CLOCK_NAMES: Readonly<Record<number, string>> = { 1: 'realtime', 3: 'mono', 5: 'mono_raw', 6: 'boot' };

export const CLOCK_SNAPSHOT = numbers({ clocks: 1, primary: 2 });
export const CLOCK = numbers({ id: 1, timestamp: 2, incremental: 3, unit: 4 });

export const SYSTEM_INFO = numbers({ utsname: 1, cpus: 8 });
export const UTSNAME = numbers({ release: 3 });

export const CONFIG = numbers({ dataSources: 2 });
export const DATA_SOURCE = numbers({ config: 1 });
export const DATA_SOURCE_CONFIG = numbers({ ftrace: 100 });
export const FTRACE_CONFIG = numbers({ events: 1 });

export const FTRACE_STATS = numbers({ phase: 1, cpuStats: 2 });
export const CPU_STATS = numbers({ cpu: 1, overrun: 3, dropped: 8 });
/** FtraceStats.phase of the end of the trace. */
export const END_OF_TRACE = 2;

export const DEFAULTS = numbers({ timestampClockId: 58 });
/** TracePacket.sequence_flags: what was interned before is no longer valid. */
export const INCREMENTAL_STATE_CLEARED = 1;
