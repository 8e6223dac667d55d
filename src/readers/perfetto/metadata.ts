// Packets about the machine and the recording: tasks, system, configuration, losses.
import { MAX_CPU } from '../../trace/cpu-mask.ts';
import type { TaskInfo } from '../../trace/header.ts';
import type { ProtoReader } from './proto-reader.ts';
import {
  CONFIG,
  CPU_STATS,
  DATA_SOURCE,
  DATA_SOURCE_CONFIG,
  END_OF_TRACE,
  FTRACE_CONFIG,
  FTRACE_STATS,
  GENERIC_TREE_THREAD,
  PACKET,
  PROCESS_TREE,
  SYSTEM_INFO,
  TREE_PROCESS,
  TREE_THREAD,
  UTSNAME,
} from './schema.ts';

export interface TraceMetadata {
  readonly tasks: Map<number, TaskInfo>;
  /** Events that the configuration asks for, as `system/event`. */
  readonly recorded: Set<string>;
  readonly losses: { cpu: number; overrun: number; dropped: number }[];
  kernel?: string;
  /** Number of CPUs of the machine. */
  cpus?: number;
  /** JSON of the topology that scxtop leaves in the name of a track. */
  topology?: string;
}

/** Reads the field that was entered when it is one of these; false otherwise. */
export function readMetadata(reader: ProtoReader, metadata: TraceMetadata): boolean {
  const end = reader.position + reader.length;
  switch (reader.field) {
    case PACKET.processTree:
      processTree(reader, end, metadata);
      return true;
    case PACKET.genericProcessTree:
      genericProcessTree(reader, end, metadata);
      return true;
    case PACKET.systemInfo:
      systemInfo(reader, end, metadata);
      return true;
    case PACKET.traceConfig:
      traceConfig(reader, end, metadata);
      return true;
    case PACKET.ftraceStats:
      ftraceStats(reader, end, metadata);
      return true;
    default:
      return false;
  }
}

/** What is known of a task, the first name that is told stays. */
export function addTask(metadata: TraceMetadata, pid: number, tgid: number, comm: string): void {
  if (pid <= 0) return;
  const known = metadata.tasks.get(pid);
  const name = known?.comm ?? (comm === '' ? undefined : comm.slice(0, 15));
  const group = known?.tgid ?? (tgid > 0 ? tgid : undefined);
  metadata.tasks.set(pid, {
    pid,
    ...(group === undefined ? {} : { tgid: group }),
    ...(name === undefined ? {} : { comm: name }),
  });
}

function processTree(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  while (reader.next(end)) {
    const to = reader.position + reader.length;
    if (reader.field === PROCESS_TREE.processes) {
      let pid = 0;
      let cmdline = '';
      let isComm = false;
      while (reader.next(to)) {
        if (reader.field === TREE_PROCESS.pid) pid = reader.lo;
        else if (reader.field === TREE_PROCESS.cmdline && cmdline === '') cmdline = reader.text();
        else if (reader.field === TREE_PROCESS.cmdlineIsComm) isComm = reader.lo !== 0;
        else reader.skip();
      }
      addTask(metadata, pid, pid, isComm ? cmdline : '');
    } else if (reader.field === PROCESS_TREE.threads) {
      let tid = 0;
      let tgid = 0;
      let name = '';
      while (reader.next(to)) {
        if (reader.field === TREE_THREAD.tid) tid = reader.lo;
        else if (reader.field === TREE_THREAD.tgid) tgid = reader.lo;
        else if (reader.field === TREE_THREAD.name) name = reader.text();
        else reader.skip();
      }
      addTask(metadata, tid, tgid, name);
    } else reader.skip();
  }
}

function genericProcessTree(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  while (reader.next(end)) {
    const to = reader.position + reader.length;
    if (reader.field !== PROCESS_TREE.threads) {
      reader.skip();
      continue;
    }
    let tid = 0;
    let pid = 0;
    let comm = '';
    while (reader.next(to)) {
      if (reader.field === GENERIC_TREE_THREAD.tid) tid = reader.lo;
      else if (reader.field === GENERIC_TREE_THREAD.pid) pid = reader.lo;
      else if (reader.field === GENERIC_TREE_THREAD.comm) comm = reader.text();
      else reader.skip();
    }
    addTask(metadata, tid, pid, comm);
  }
}

function systemInfo(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  while (reader.next(end)) {
    if (reader.field === SYSTEM_INFO.utsname) {
      const to = reader.position + reader.length;
      while (reader.next(to)) {
        if (reader.field === UTSNAME.release) metadata.kernel = reader.text();
        else reader.skip();
      }
    } else if (reader.field === SYSTEM_INFO.cpus) {
      if (reader.hi !== 0 || reader.lo < 0 || reader.lo > MAX_CPU + 1)
        throw reader.damage('the system information tells of an impossible number of CPUs', end);
      metadata.cpus = reader.lo;
    } else reader.skip();
  }
}

function traceConfig(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  inner(reader, end, CONFIG.dataSources, (source) =>
    inner(reader, source, DATA_SOURCE.config, (config) =>
      inner(reader, config, DATA_SOURCE_CONFIG.ftrace, (ftrace) => {
        while (reader.next(ftrace)) {
          if (reader.field === FTRACE_CONFIG.events) metadata.recorded.add(reader.text());
          else reader.skip();
        }
      }),
    ),
  );
}

/** Calls `enter` with the end of each field of that number; everything else is passed over. */
function inner(reader: ProtoReader, end: number, field: number, enter: (end: number) => void): void {
  while (reader.next(end)) {
    if (reader.field === field) enter(reader.position + reader.length);
    else reader.skip();
  }
}

/** Counters of the ring buffers at the end of the trace. */
function ftraceStats(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  let phase = 0;
  const losses: { cpu: number; overrun: number; dropped: number }[] = [];
  while (reader.next(end)) {
    if (reader.field === FTRACE_STATS.phase) phase = reader.lo;
    else if (reader.field === FTRACE_STATS.cpuStats) {
      const to = reader.position + reader.length;
      const loss = { cpu: 0, overrun: 0, dropped: 0 };
      while (reader.next(to)) {
        if (reader.field === CPU_STATS.cpu) loss.cpu = reader.lo;
        else if (reader.field === CPU_STATS.overrun) loss.overrun = reader.number;
        else if (reader.field === CPU_STATS.dropped) loss.dropped = reader.number;
        else reader.skip();
      }
      losses.push(loss);
    } else reader.skip();
  }
  if (phase === END_OF_TRACE) metadata.losses.splice(0, metadata.losses.length, ...losses);
}
