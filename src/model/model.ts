// The state of the sched_ext core: schedulers, CPUs, tasks, DSQs. Transitions change it; everybody else only reads.
import { BUILTIN_HI, DSQ_LOCAL } from '../kernel/dsq-id.ts';
import {
  TASK_DEQD_FOR_SLEEP,
  TASK_IN_CUSTODY,
  TASK_QUEUED,
  TASK_RESET_RUNNABLE_AT,
  TASK_STATE_SHIFT,
} from '../kernel/flags.ts';
import { NEWEST_RELEASE } from '../kernel/release.ts';
import { type Semantics, semanticsOf } from '../kernel/semantics.ts';
import { MAX_CPU } from '../trace/cpu-mask.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { momentOf } from '../trace/moment.ts';
import { type EventName, isRecorded } from '../trace/recorded.ts';
import { NEVER, TIME_ZERO } from '../trace/time.ts';
import { highHalf, lowHalf } from '../trace/u64.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';
import { CapsState } from './caps/caps-state.ts';
import { CAPS_AFTER, CAPS_BEFORE, withoutCaps } from './caps/index.ts';
import { CodePathRules } from './code-path.ts';
import type { Contradiction } from './contradiction.ts';
import { Cpu } from './cpu.ts';
import { Dsq } from './dsq.ts';
import { userDsqExists } from './dsq-lookup.ts';
import { adoptLoadedScheds } from './loaded-scheds.ts';
import { checkRepeated } from './repeated.ts';
import { NO, Sched, type Tri } from './sched.ts';
import type { Step } from './step.ts';
import { CLASS_EXT, CLASS_OTHER, CLASS_UNKNOWN, Task } from './task.ts';
import { checkDequeued } from './transitions/consume.ts';
import { TRANSITIONS } from './transitions/index.ts';
import { U64Table } from './u64-table.ts';

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;
/** Enough for PID_MAX_LIMIT. */
const PAGES = 1 << 12;

export interface ModelOptions {
  readonly header: TraceHeader;
  readonly semantics?: Semantics;
  /** Release whose answers to the same requests are asked for. */
  readonly asked?: Semantics;
}

export class Model {
  readonly header: TraceHeader;
  readonly semantics: Semantics;
  readonly asked: Semantics | undefined;
  readonly cpus: Cpu[] = [];
  readonly scheds: Sched[] = [];
  /** User DSQs whose owner is not known, by id. */
  readonly orphanDsqs = new U64Table<Dsq>();
  /** The root scheduler that is loaded, undefined for none or unknown. */
  root: Sched | undefined;
  /** Instance that is being enabled. */
  attaching: Sched | undefined;
  /** DSQs that were made since an enable began and whose owner is not known yet. */
  unowned: Dsq[] = [];
  /** An instance is being made, and its DSQs come before its id. */
  allocating = false;
  /** Both insertions and removals are recorded: without either, what is on a DSQ cannot be followed. */
  readonly followsDsqs: boolean;
  /** The creation of DSQs is recorded: one that was not created does not exist. */
  showsDsqCreation = false;
  /** Exit kind that the last request to unload leads to (UNREG, SYSRQ); 0 none. */
  unloadRequest = 0;
  /** The dump that is being printed is that of the root scheduler. */
  dumpOfRoot = true;
  /** Stall that the current pass of the watchdog was predicted to find: CPU of the pass; -1 none. */
  stallRaisedOn = -1;
  /** The last line of the dump was its header: the next one carries the exit message. */
  dumpAwaitsMessage = false;
  /** Calls of scx_bypass() under way. */
  bypassCalls = 0;
  /** Last event at which a CPU began to go down; -1 none. */
  offlineSeq = -1;
  /** The snapshot is not complete yet. It tells what is loaded then, and not what was loaded when the trace began. */
  snapshotOpen: boolean;
  /** An instance that was never linked acted before the snapshot was complete. */
  beganLoaded = false;
  /** Time at which the timer of the bypass load balancer was armed last. */
  lbArmed = NEVER;
  /** It came earlier than the interval of the snapshot allows: that has been made shorter since, which no event shows. */
  lbIntervalChanged = false;
  /** Jiffies per second; 0 unknown. */
  hz = 0;
  /** Counts links, to order them against the beginning of a consumption. */
  linkStamp = 0;
  /** Time and ordinal of the event being applied. */
  now = TIME_ZERO;
  seq = -1;
  /** A loss or the start of the trace makes everything before this ordinal uncertain. */
  knownSince = 0;
  /** No task was on any REJECT or RESCUE DSQ when the root scheduler was attached. */
  rqDsqsKnown = false;
  /** Sub-schedulers: the tree, capabilities, cids. */
  readonly caps: CapsState;
  /** Bits of p->scx.flags that follow from the recorded events. */
  readonly predictedFlags: number;
  readonly codePathRules = new CodePathRules();
  /** Links that came inside a call that inserts or moves the task, and links that did not. */
  linksAnnounced = 0;
  linksUnannounced = 0;
  /** The first that was not, until enough were. */
  heldLink: Contradiction | undefined;
  /** Wakeups that reached a run queue after sched_waking, and tasks that ran after sched_wakeup. */
  wakingsKept = 0;
  wakeupsKept = 0;
  /** Calls of ops.init_task() for a new task that came after its state had changed to INIT. */
  initsKept = 0;
  /** Pairs of different events that one CPU executed at the same time: the clock is coarse. */
  sameTimes = 0;
  /** What `records` has answered. */
  readonly #recorded = new Map<EventName, boolean>();
  readonly #taskPages = new Array<(Task | undefined)[] | undefined>(PAGES).fill(undefined);
  readonly #dsqByAddr = new U64Table<Dsq>();
  readonly #dsqByName = new Map<string, Dsq>();
  readonly #schedById = new U64Table<Sched>();
  readonly #extClass: bigint | undefined;
  readonly #classKinds = new U64Table<number>();
  /** What the header says of the tasks still holds for those that have not been named yet. */
  #headerHolds = true;
  readonly #headerTasks: ReadonlyMap<number, TraceHeader['tasks'][number]>;

  constructor(options: ModelOptions) {
    this.header = options.header;
    this.snapshotOpen = options.header.schedExtState !== undefined;
    this.caps = new CapsState(options.header);
    this.semantics = options.semantics ?? semanticsOf({ release: NEWEST_RELEASE, point: 0, beyond: undefined });
    this.asked = options.asked;
    this.hz = this.header.hz ?? 0;
    this.followsDsqs = this.records('dsq_link') && this.records('dsq_unlink');
    this.showsDsqCreation = this.header.recorded?.has('dsq_create') === true;
    this.predictedFlags = predictedFlags(this.header, this.semantics);
    this.#headerTasks = new Map(this.header.tasks.map((task) => [task.pid, task]));
    this.#extClass = this.header.schedClasses.get('ext');
    for (const [name, address] of this.header.schedClasses) {
      this.#classKinds.set(highHalf(address), lowHalf(address), name === 'ext' ? CLASS_EXT : CLASS_OTHER);
    }
    for (const info of this.header.cpus) {
      const cpu = this.cpu(info.cpu);
      if (info.node !== undefined) cpu.node = info.node;
    }
    if (this.header.online !== undefined) {
      for (const id of this.header.possible ?? this.header.online) {
        const cpu = this.cpu(id);
        cpu.online = this.header.online.has(id) ? 1 : 0;
        cpu.active = cpu.online;
      }
    }
    adoptLoadedScheds(this);
  }

  /** Applies one event; `step` is filled with what it did. */
  apply(event: TraceEvent, step: Step): void {
    step.reset();
    this.now = event.t;
    this.seq = event.seq;
    if (event.moment < 0) event.moment = momentOf(event);
    if (event.cpu >= 0) {
      step.cpu = this.cpu(event.cpu);
      if (event.t === step.cpu.lastTime) checkRepeated(this, event, step, step.cpu);
      step.cpu.noteTime(event);
      step.cpu.path.follow(event, step, this.codePathRules);
    }
    if (step.cpu?.dequeuing !== undefined && GOES_ON[event.kind] === 1) checkDequeued(event, step, step.cpu);
    const { caps } = this;
    if (!caps.active) {
      WITHOUT_CAPS[event.kind]?.(this, event, step);
      return;
    }
    CAPS_BEFORE[event.kind]?.(this, event, step);
    TRANSITIONS[event.kind]?.(this, event, step);
    CAPS_AFTER[event.kind]?.(this, event, step);
    if (caps.blind) caps.forgetSets();
  }

  /** CPU by number; created when first named. */
  cpu(id: number): Cpu {
    const known = this.cpus[id];
    if (known !== undefined) return known;
    // No kernel has such a CPU: it is nobody's, and not kept.
    if (id < 0 || id > MAX_CPU) return new Cpu(id);
    while (this.cpus.length <= id) this.cpus.push(new Cpu(this.cpus.length));
    return this.cpus[id] ?? new Cpu(id);
  }

  /** The trace begins while a scheduler is loaded, or may do so. */
  get startsMidRun(): boolean {
    const { startsMidRun, schedExtState } = this.header;
    return startsMidRun ?? (schedExtState !== 'disabled' || this.beganLoaded);
  }

  /** Is the number that of a possible CPU: 1 yes, 0 no, -1 when the trace does not say. */
  isPossibleCpu(id: number): number {
    const possible = this.header.possible;
    if (possible === undefined) return -1;
    return possible.has(id) ? 1 : 0;
  }

  /** Task by pid; created when first named, with what the header knows of it. */
  task(pid: number): Task {
    return this.findTask(pid) ?? this.#newTask(pid);
  }

  findTask(pid: number): Task | undefined {
    return this.#taskPages[pid >> PAGE_BITS]?.[pid & (PAGE_SIZE - 1)];
  }

  /** A pid starts a new life: whatever was known of an earlier task with that number is dropped. */
  replaceTask(pid: number): Task {
    const old = this.findTask(pid);
    if (old !== undefined) {
      if (old.dsq !== undefined && old.dsq !== null) {
        const { dsq } = old;
        dsq.remove(old);
        if (dsq.unknown >= 0) dsq.unknown++;
      }
      old.alive = false;
    }
    const task = new Task(pid);
    this.#store(task);
    return task;
  }

  /** Two tasks exchange their pids; what is known of them goes with them. */
  exchangePids(a: number, b: number): void {
    const taskA = this.task(a);
    const taskB = this.task(b);
    taskA.pid = b;
    taskB.pid = a;
    this.#store(taskA);
    this.#store(taskB);
    for (const cpu of this.cpus) {
      cpu.currPid = exchanged(cpu.currPid, a, b);
      cpu.runPid = exchanged(cpu.runPid, a, b);
    }
  }

  /** All tasks, by pid. */
  *tasks(): Generator<Task> {
    // Pages are mostly empty: counting through them costs less than an iterator would.
    for (let i = 0; i < this.#taskPages.length; i++) {
      const page = this.#taskPages[i];
      if (page === undefined) continue;
      for (let slot = 0; slot < PAGE_SIZE; slot++) {
        const task = page[slot];
        if (task !== undefined) yield task;
      }
    }
  }

  /** Scheduler instance by id; created when first named. */
  sched(hi: number, lo: number): Sched {
    const known = this.#schedById.get(hi, lo);
    if (known !== undefined) return known;
    const sched = new Sched(hi, lo, this.scheds.length);
    this.scheds.push(sched);
    this.#schedById.set(hi, lo, sched);
    return sched;
  }

  findSched(hi: number, lo: number): Sched | undefined {
    return this.#schedById.get(hi, lo);
  }

  /** Scheduler instance of an event, undefined when the event names none. */
  schedOf(event: TraceEvent): Sched | undefined {
    return event.sched_lo === 0 && event.sched_hi === 0 ? undefined : this.sched(event.sched_hi, event.sched_lo);
  }

  /** The DSQ with that address; undefined when it has not been seen. */
  dsqAt(hi: number, lo: number): Dsq | undefined {
    return this.#dsqByAddr.get(hi, lo);
  }

  /** Registers a DSQ under its address. A new DSQ at an old address replaces the old one. */
  setDsqAt(hi: number, lo: number, dsq: Dsq): void {
    this.#dsqByAddr.set(hi, lo, dsq);
  }

  /** DSQ without an address, by owner, id and instance; created when first named. */
  dsqNamed(sched: Sched | undefined, idHi: number, idLo: number, instance: number): Dsq {
    const key = `${sched?.index ?? -1}/${idHi}/${idLo}/${instance}`;
    const known = this.#dsqByName.get(key);
    if (known !== undefined) return known;
    const dsq = new Dsq(idHi, idLo);
    dsq.sched = sched;
    this.#dsqByName.set(key, dsq);
    return dsq;
  }

  /** Makes a built-in DSQ of a scheduler known by owner, id and place too, for events that do not carry its address. */
  nameDsq(dsq: Dsq): void {
    const instance = Math.max(dsq.node, dsq.cpu);
    if (dsq.sched === undefined || instance < 0) return;
    this.#dsqByName.set(`${dsq.sched.index}/${dsq.idHi}/${dsq.idLo}/${instance}`, dsq);
  }

  *dsqs(): Generator<Dsq> {
    const seen = new Set<Dsq>();
    for (const dsq of this.#dsqByAddr.values()) seen.add(dsq);
    for (const dsq of this.#dsqByName.values()) seen.add(dsq);
    // Without addresses, a DSQ that was created is known by its owner and id alone.
    for (const sched of this.scheds) for (const dsq of sched.userDsqs.values()) seen.add(dsq);
    for (const dsq of this.orphanDsqs.values()) seen.add(dsq);
    yield* seen;
  }

  /** Does the scheduler have a user DSQ with that id? */
  userDsqExists(sched: Sched | undefined, hi: number, lo: number): Tri {
    return userDsqExists(this, sched, hi, lo);
  }

  /** The local DSQ of a CPU; created when first needed. */
  localDsq(cpu: Cpu): Dsq {
    if (cpu.local === undefined) {
      cpu.local = new Dsq(BUILTIN_HI, DSQ_LOCAL);
      cpu.local.cpu = cpu.id;
    }
    return cpu.local;
  }

  /** A root scheduler is being loaded and none was before: no task can be on a local DSQ. */
  emptyLocalDsqs(): void {
    this.rqDsqsKnown = true;
    for (const id of this.header.possible ?? []) {
      this.localDsq(this.cpu(id));
      this.caps.cpu(id).pendingKnown = true;
    }
    for (const cpu of this.cpus) if (cpu.local !== undefined && cpu.local.known === 0) cpu.local.unknown = 0;
  }

  /** Class of a sched_class address: CLASS_EXT, CLASS_OTHER, or CLASS_UNKNOWN. */
  classOf(hi: number, lo: number): number {
    if (this.#extClass === undefined) return CLASS_UNKNOWN;
    return this.#classKinds.get(hi, lo) ?? CLASS_UNKNOWN;
  }

  /** Nodes in the order of their numbers, [0] when the topology is not known. */
  get nodes(): readonly number[] {
    const nodes = new Set(this.cpus.filter((cpu) => cpu.node >= 0).map((cpu) => cpu.node));
    return nodes.size === 0 ? [0] : [...nodes].toSorted((a, b) => a - b);
  }

  /** Would the recording hold events of this type? True when it does not say. */
  records(name: EventName): boolean {
    const { recorded } = this.header;
    if (recorded === undefined) return true;
    let answer = this.#recorded.get(name);
    if (answer === undefined) {
      answer = isRecorded(name, recorded);
      this.#recorded.set(name, answer);
    }
    return answer;
  }

  /** Would the recording hold every change of the task's mask? set_cpus_allowed_scx() sees only the tasks of sched_ext. */
  recordsMasksOf(task: Task): boolean {
    return this.records(task.cls === CLASS_EXT ? 'affinity:scx' : 'affinity:common');
  }

  /** Nothing is certain any more: records were lost. Identities stay. */
  forget(): void {
    for (const dsq of this.dsqs()) dsq.forget();
    for (const cpu of this.cpus) {
      cpu.forget();
      cpu.local?.forget();
    }
    for (const task of this.tasks()) task.forget();
    for (const sched of this.scheds) sched.forget();
    this.attaching = undefined;
    this.unowned = [];
    this.allocating = false;
    this.stallRaisedOn = -1;
    this.dumpAwaitsMessage = false;
    this.#headerHolds = false;
    this.rqDsqsKnown = false;
    this.bypassCalls = 0;
    this.codePathRules.forget();
    this.heldLink = undefined;
    this.knownSince = this.seq;
  }

  /** Does any task of `sched` bypass on `cpu`? Tri. */
  bypassing(task: Task, cpu: number): number {
    return task.sched === undefined ? -1 : task.sched.isBypassing(cpu);
  }

  #newTask(pid: number): Task {
    const task = new Task(pid);
    const info = this.#headerTasks.get(pid);
    if (this.#headerHolds && !this.startsMidRun) {
      task.initOpen = NO;
      task.enableOpen = NO;
    }
    // After a loss the header no longer tells the present.
    if (info !== undefined && this.#headerHolds) {
      task.comm = info.comm ?? '';
      task.tgid = info.tgid ?? -1;
      if (info.cpus !== undefined) {
        task.learnMask(info.cpus, 0);
        task.maskAssumed = true;
      }
      if (info.weight !== undefined) task.weight = info.weight;
      if (info.cpu !== undefined) {
        task.taskCpu = info.cpu;
        task.taskCpuAssumed = true;
      }
      if (info.sched !== undefined) task.sched = this.sched(highHalf(info.sched), lowHalf(info.sched));
    }
    this.#store(task);
    return task;
  }

  #store(task: Task): void {
    const { pid } = task;
    let page = this.#taskPages[pid >> PAGE_BITS];
    if (page === undefined) {
      page = new Array<Task | undefined>(PAGE_SIZE).fill(undefined);
      this.#taskPages[pid >> PAGE_BITS] = page;
    }
    page[pid & (PAGE_SIZE - 1)] = task;
  }
}

const WITHOUT_CAPS = withoutCaps(TRANSITIONS);

/** Kinds that show that a dequeue is over. */
const GOES_ON = new Uint8Array(EVENT_TYPES.length);
for (const type of ['switch', 'pick', 'enqueue', 'dequeue', 'run', 'stop', 'dispatch_dequeue', 'migrate'] as const)
  GOES_ON[KIND[type]] = 1;

/** Events that change p->scx.flags, besides those of the life cycle. */
const FLAG_EVENTS: readonly EventType[] = [
  'enqueue',
  'dequeue',
  'ops_enqueue',
  'ops_dequeue',
  'dispatch_dequeue',
  'run',
  'stop',
  'dsq_link',
];

/** Only a recording that says what it holds, and holds all that changes a bit, lets the model predict it. */
function predictedFlags(header: TraceHeader, semantics: Semantics): number {
  const { recorded } = header;
  if (recorded === undefined || !FLAG_EVENTS.every((type) => recorded.has(type))) return 0;
  let bits = TASK_QUEUED | TASK_DEQD_FOR_SLEEP;
  // Whether an enqueue ends in custody depends on the verdict.
  if (semantics.remoteMoveDequeue && recorded.has('move_remote_task') && recorded.has('insert'))
    bits |= TASK_IN_CUSTODY;
  // Getting ready for a scheduler sets TASK_RESET_RUNNABLE_AT, too.
  if (recorded.has('task_state')) bits |= TASK_RESET_RUNNABLE_AT | (semantics.taskStateMask << TASK_STATE_SHIFT);
  return bits;
}

/** `pid` after the tasks `a` and `b` exchanged their pids. */
function exchanged(pid: number, a: number, b: number): number {
  return pid === a ? b : pid === b ? a : pid;
}
