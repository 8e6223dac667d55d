// The snapshot of the initial state that recorders leave beside a trace: topology, tasks, parameters.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { notReadable } from '../input/source.ts';
import { PROBE_BY_NAME } from '../probes/catalogue.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import type { CpuInfo, TaskInfo, TraceHeader } from '../trace/header.ts';
import { addRecorded, type EventName, type RecordedSet } from '../trace/recorded.ts';
import { parseInteger } from '../trace/u64.ts';

/** The snapshot that belongs to a trace when none was named: `snapshot.json` beside it, or `<trace>.snapshot.json`. */
export function findSnapshot(tracePath: string): string | undefined {
  if (tracePath === '-') return undefined;
  const stem = basename(tracePath).replace(/\.(?:gz|zst|xz)$/, '');
  const candidates = [join(dirname(tracePath), `${stem}.snapshot.json`), join(dirname(tracePath), 'snapshot.json')];
  return candidates.find((path) => existsSync(path));
}

/** Reads a snapshot into the header. Fields that make no sense are an InputError; fields that are missing stay unknown. */
export function applySnapshot(path: string, header: TraceHeader): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw notReadable(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      { code: 'bad-snapshot', path, hint: 'write it again, or name another with --snapshot' },
      `the snapshot is no JSON: ${reason}`,
    );
  }
  new SnapshotReader(path, header).read(json);
}

type Fields = Readonly<Record<string, unknown>>;

class SnapshotReader {
  readonly #path: string;
  readonly #header: TraceHeader;

  constructor(path: string, header: TraceHeader) {
    this.#path = path;
    this.#header = header;
  }

  read(json: unknown): void {
    const root = this.#object(json, 'the snapshot');
    const header = this.#header;
    const kernel = this.#string(root, 'kernel');
    if (kernel !== undefined && kernel !== '') header.kernel ??= kernel;
    const hz = Number(this.#string(root, 'hz') ?? 0);
    if (hz > 0) header.hz = hz;
    const possible = this.#cpulist(root, 'possible');
    if (possible !== undefined) header.possible = possible;
    const online = this.#cpulist(root, 'online');
    if (online !== undefined) header.online = online;
    header.cpus = this.#array(root, 'cpus').map((entry, i) => this.#cpu(entry, `cpus[${i}]`));
    header.tasks = this.#array(root, 'tasks').map((entry, i) => this.#task(entry, `tasks[${i}]`));
    header.schedClasses = new Map(
      Object.entries(this.#record(root, 'sched_class')).flatMap(([name, value]) => {
        const address = typeof value === 'string' ? parseInteger(value) : undefined;
        return address === undefined || address === 0n ? [] : [[name.replace(/_sched_class$/, ''), address] as const];
      }),
    );
    header.params = new Map(Object.entries(this.#record(root, 'params')).map(([name, value]) => [name, String(value)]));
    header.cgroups = new Map(
      Object.entries(this.#record(root, 'cgroups')).flatMap(([id, value]) => {
        const key = parseInteger(id);
        const cgroup = typeof value === 'object' && value !== null && 'path' in value ? String(value.path) : undefined;
        return key === undefined || cgroup === undefined ? [] : [[key, cgroup] as const];
      }),
    );
    const clock = this.#string(root, 'clock');
    if (clock !== undefined && clock !== '') header.clock = clock;
    const recorded = header.recorded ?? this.#recorded(root);
    if (recorded !== undefined) header.recorded = recorded;
    if (header.losses.length === 0)
      header.losses = this.#array(root, 'losses').map((entry, i) => this.#loss(entry, `losses[${i}]`));
    const schedExt = this.#record(root, 'sched_ext');
    if (typeof schedExt.state === 'string' && schedExt.state !== '') header.schedExtState = schedExt.state;
    const hotplugSeq = typeof schedExt.hotplug_seq === 'string' ? parseInteger(schedExt.hotplug_seq) : undefined;
    if (hotplugSeq !== undefined) header.hotplugSeq = hotplugSeq;
  }

  /** What the recorder says it recorded: trace events as `system:event`. */
  #recorded(root: Fields): RecordedSet | undefined {
    if (root.recorded === undefined) return undefined;
    const recorded = new Set<EventName>();
    for (const entry of this.#array(root, 'recorded')) {
      const probe = typeof entry === 'string' ? PROBE_BY_NAME.get(entry.replace(':', '/')) : undefined;
      if (probe !== undefined) addRecorded(recorded, probe.type, probe.step);
    }
    return recorded;
  }

  #loss(value: unknown, where: string): TraceHeader['losses'][number] {
    const fields = this.#object(value, where);
    return {
      cpu: this.#number(fields, 'cpu', where) ?? -1,
      overrun: this.#number(fields, 'overrun', where) ?? 0,
      dropped: this.#number(fields, 'dropped', where) ?? 0,
    };
  }

  #cpu(value: unknown, where: string): CpuInfo {
    const fields = this.#object(value, where);
    const cpu = this.#number(fields, 'cpu', where);
    if (cpu === undefined) throw this.#bad(`${where}.cpu`, 'a CPU number', 'nothing');
    const node = this.#number(fields, 'node', where);
    const pkg = this.#number(fields, 'package', where);
    const core = this.#number(fields, 'core', where);
    const capacity = this.#number(fields, 'capacity', where);
    const siblings = this.#cpulist(fields, 'siblings', where);
    const llc = this.#cpulist(fields, 'llc', where);
    return {
      cpu,
      ...(node === undefined ? {} : { node }),
      ...(pkg === undefined ? {} : { package: pkg }),
      ...(core === undefined ? {} : { core }),
      ...(siblings === undefined ? {} : { siblings }),
      ...(llc === undefined ? {} : { llc }),
      ...(capacity === undefined ? {} : { capacity }),
    };
  }

  #task(value: unknown, where: string): TaskInfo {
    const fields = this.#object(value, where);
    const pid = this.#number(fields, 'pid', where);
    if (pid === undefined) throw this.#bad(`${where}.pid`, 'a pid', 'nothing');
    const tgid = this.#number(fields, 'tgid', where);
    const comm = this.#string(fields, 'comm', where);
    const cpus = this.#cpulist(fields, 'cpus', where);
    const policy = this.#number(fields, 'policy', where);
    const nice = this.#number(fields, 'nice', where);
    const rtPrio = this.#number(fields, 'rt_prio', where);
    const flags = this.#number(fields, 'flags', where);
    const cpu = this.#number(fields, 'cpu', where);
    const cgroup = this.#string(fields, 'cgroup', where);
    return {
      pid,
      ...(tgid === undefined ? {} : { tgid }),
      ...(comm === undefined ? {} : { comm: shortComm(comm, flags) }),
      ...(cpus === undefined ? {} : { cpus }),
      ...(policy === undefined ? {} : { policy }),
      ...(nice === undefined ? {} : { nice }),
      ...(rtPrio === undefined ? {} : { rtPrio }),
      ...(flags === undefined ? {} : { flags }),
      ...(cpu === undefined ? {} : { cpu }),
      ...(cgroup === undefined ? {} : { cgroup }),
    };
  }

  #object(value: unknown, where: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
    throw this.#bad(where, 'an object', describe(value));
  }

  #record(fields: Fields, name: string): Fields {
    const value = fields[name];
    return value === undefined ? {} : this.#object(value, name);
  }

  #array(fields: Fields, name: string): readonly unknown[] {
    const value = fields[name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#bad(name, 'an array', describe(value));
    return value;
  }

  #string(fields: Fields, name: string, where = ''): string | undefined {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number') return String(value);
    if (typeof value !== 'string') throw this.#bad(path(where, name), 'a text', describe(value));
    return value;
  }

  /** A number, or the text of one; an empty text is unknown. */
  #number(fields: Fields, name: string, where: string): number | undefined {
    const value = fields[name];
    if (value === undefined || value === null || value === '') return undefined;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number))
      throw this.#bad(path(where, name), 'an integer', describe(value));
    return number;
  }

  #cpulist(fields: Fields, name: string, where = ''): CpuMask | undefined {
    const value = fields[name];
    if (value === undefined || value === null || value === '') return undefined;
    const mask = typeof value === 'string' ? CpuMask.fromList(value) : undefined;
    if (mask === undefined) throw this.#bad(path(where, name), 'a cpulist such as 0-3,8', describe(value));
    return mask;
  }

  #bad(where: string, expected: string, found: string): InputError {
    return new InputError(
      {
        code: 'bad-snapshot',
        path: this.#path,
        position: where,
        expected,
        found,
        hint: 'write it again, or name another with --snapshot',
      },
      'the snapshot makes no sense',
    );
  }
}

/**
 * /proc/PID/status shows the description of a workqueue worker behind its name (`kworker/u16:0-events`); the kernel's
 * messages show p->comm alone.
 */
function shortComm(comm: string, flags: number | undefined): string {
  const PF_WQ_WORKER = 0x20;
  const worker = flags !== undefined && (flags & PF_WQ_WORKER) !== 0 && comm.startsWith('kworker/');
  return (worker ? comm.replace(/[-+].*$/, '') : comm).slice(0, 15);
}

function path(where: string, name: string): string {
  return where === '' ? name : `${where}.${name}`;
}

function describe(value: unknown): string {
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : typeof value === 'object'
        ? 'an object'
        : JSON.stringify(value);
}
