// Proves why a runnable task does not run: one of nine classes, from what was served and what the CPUs did.
import type { Dsq } from '../model/dsq.ts';
import { YES } from '../model/sched.ts';
import type { Task } from '../model/task.ts';
import { onlineCpus } from './cpu-time.ts';
import type { QueueService, Service } from './service.ts';
import { newTake, wonByOrder } from './take-log.ts';
import type { StallClass, WaitProof, Winner } from './wait-fact.ts';

export interface ProofOptions {
  readonly minDecisions: number;
  readonly idleTolerance: number;
  /** Queues whose heads compete with that DSQ on that CPU, as far as they are described. */
  readonly competing: (dsq: Dsq, cpu: number) => readonly QueueService[];
}

/** Share of a wait in which CPUs must have run higher classes to be held against these. */
const HIGHER_SHARE = 0.9;
/** Winners that a proof lists. */
const WINNERS = 8;

type Counts = Pick<WaitProof, 'decisions' | 'lost' | 'firstLostSeq' | 'lastLostSeq' | 'winners' | 'ineligible'>;

const NO_COUNTS: Counts = { decisions: 0, lost: 0, firstLostSeq: -1, lastLostSeq: -1, winners: [], ineligible: 0 };

/** The proof for a task that waits, as of `now`. `dsq` and `since` default to where it is now. */
export function proveWait(
  service: Service,
  task: Task,
  now: number,
  options: ProofOptions,
  left?: LeftQueue,
): WaitProof {
  return new Prover(service, task, now, options, left).prove();
}

/** The DSQ that a task has just left. */
export interface LeftQueue {
  readonly dsq: Dsq;
  readonly ordered: boolean;
  readonly since: number;
  readonly sinceSeq: number;
}

class Prover {
  readonly #service: Service;
  readonly #task: Task;
  readonly #now: number;
  readonly #options: ProofOptions;
  readonly #dsq: Dsq | undefined;
  readonly #ordered: boolean;
  readonly #since: number;
  readonly #sinceSeq: number;

  constructor(service: Service, task: Task, now: number, options: ProofOptions, left: LeftQueue | undefined) {
    this.#service = service;
    this.#task = task;
    this.#now = now;
    this.#options = options;
    const held = task.custodySeq >= 0 && left === undefined && (task.dsq === null || task.dsq === undefined);
    this.#dsq = left?.dsq ?? task.dsq ?? undefined;
    this.#ordered = left?.ordered ?? task.onPriq;
    this.#since = left?.since ?? (held ? task.custodyTime : this.#dsq === undefined ? task.runnableAt : task.linkTime);
    this.#sinceSeq =
      left?.sinceSeq ?? (held ? task.custodySeq : this.#dsq === undefined ? task.runnableAtSeq : task.linkSeq);
  }

  prove(): WaitProof {
    const task = this.#task;
    const dsq = this.#dsq;
    const allowed = this.#allowedCpus();
    if (this.#service.knownSince > this.#since)
      return this.#proof('unknown', 'records were lost during the wait', allowed);
    if (task.sched !== undefined && task.sched.bypassDepth > 0)
      return this.#proof('bypass', 'the scheduler is bypassed, the order is the core’s', allowed);
    if (dsq === undefined && task.custodySeq >= 0)
      return this.#proof('held-by-bpf', 'the BPF scheduler holds the task and has not inserted it anywhere', allowed);
    if (dsq === undefined) return this.#proof('unknown', 'the trace does not show where the task waits', allowed);
    if (dsq.isBypass) return this.#proof('bypass', 'it waits on a bypass DSQ, the order is the core’s', allowed);
    if (allowed.length === 0)
      return this.#proof('unknown', 'the trace does not show which CPUs may run the task', allowed);
    if (dsq.isRqOwned) return this.#proveLocal(dsq);
    const higher = this.#share(allowed, 'higher');
    if (higher >= HIGHER_SHARE)
      return this.#proof(
        'higher-class',
        `its CPUs ran tasks of higher classes ${percent(higher)} of the time`,
        allowed,
      );
    if (!this.#service.sawLooks)
      return this.#proof('unknown', 'the trace does not show which DSQs the CPUs look at', allowed);
    return this.#proveShared(dsq, allowed);
  }

  /** On the local DSQ of a CPU, or one of its kin: only that CPU can run it. */
  #proveLocal(dsq: Dsq): WaitProof {
    const cpus = dsq.cpu >= 0 ? [dsq.cpu] : [];
    const higher = this.#share(cpus, 'higher');
    if (higher >= HIGHER_SHARE)
      return this.#proof(
        'higher-class',
        `CPU ${dsq.cpu} ran tasks of higher classes ${percent(higher)} of the time`,
        cpus,
      );
    const idle = this.#share(cpus, 'idle');
    if (idle > this.#options.idleTolerance)
      return this.#proof(
        'idle-cpu',
        `CPU ${dsq.cpu} was idle ${percent(idle)} of the time with the task on its local DSQ`,
        cpus,
      );
    return this.#proof('unknown', `it is on the local DSQ of CPU ${dsq.cpu}, which runs others`, cpus);
  }

  #proveShared(dsq: Dsq, allowed: readonly number[]): WaitProof {
    const { lastDispatch } = this.#service;
    const queue = this.#service.find(dsq);
    // The core itself looks at GLOBAL whenever a CPU dispatches.
    const looks = dsq.isGlobal ? lastDispatch : (queue?.lastLook ?? []);
    const looked = allowed.filter((cpu) => (looks[cpu] ?? -1) >= this.#since);
    const competing = allowed.flatMap((cpu) => this.#options.competing(dsq, cpu).map((other) => ({ cpu, other })));
    const rivals = competing.filter(({ cpu, other }) => (other.lastLook[cpu] ?? -1) >= this.#since);
    const reaching = [...new Set([...looked, ...rivals.map((rival) => rival.cpu)])].toSorted((a, b) => a - b);
    const counts = this.#counts(queue, rivals, new Set(allowed));
    if (reaching.length === 0) {
      const others = looks.filter((time) => time >= this.#since).length;
      if (others > 0)
        return this.#proof(
          'ineligible',
          `only CPUs that may not run the task looked at DSQ ${dsq.name}`,
          allowed,
          counts,
        );
      const dispatching = allowed.filter((cpu) => (lastDispatch[cpu] ?? -1) >= this.#since);
      if (dispatching.length > 0)
        return this.#proof(
          'not-served',
          `CPUs ${dispatching.join(',')} dispatched, and none of them looked at DSQ ${dsq.name}`,
          allowed,
          counts,
        );
      const idle = this.#share(allowed, 'idle');
      if (idle > this.#options.idleTolerance)
        return this.#proof(
          'idle-cpu',
          `CPUs ${allowed.join(',')} were idle ${percent(idle)} of the time and did not dispatch`,
          allowed,
          counts,
        );
      if (idle < 0)
        return this.#proof('unknown', 'the trace does not show whether its CPUs were busy', allowed, counts);
      return this.#proof(
        'no-dispatch',
        'its CPUs never came to ops.dispatch(): their local DSQs always held work',
        allowed,
        counts,
      );
    }
    if (!this.#ordered)
      return this.#proof(
        'unknown',
        `DSQ ${dsq.name} is FIFO and is served, ${counts.decisions} tasks were taken meanwhile`,
        reaching,
        counts,
      );
    const idle = this.#idleShare(allowed);
    if (
      counts.decisions >= this.#options.minDecisions &&
      counts.lost === counts.decisions &&
      idle >= 0 &&
      idle <= this.#options.idleTolerance
    )
      return this.#proof('order', `it lost all ${counts.decisions} decisions by the order of keys`, reaching, counts);
    if (idle > this.#options.idleTolerance)
      return this.#proof(
        'idle-cpu',
        `a CPU that may run the task was idle ${percent(idle)} of the time`,
        reaching,
        counts,
      );
    return this.#proof(
      'unknown',
      `${counts.lost} of ${counts.decisions} decisions were lost by order`,
      reaching,
      counts,
    );
  }

  /** Takes since the wait began, by CPUs that may run the task. */
  #counts(
    queue: QueueService | undefined,
    rivals: readonly { cpu: number; other: QueueService }[],
    allowed: ReadonlySet<number>,
  ): Counts {
    const { vtime } = this.#task;
    const take = newTake();
    let decisions = 0;
    let lost = 0;
    let ineligible = 0;
    let firstLostSeq = -1;
    let lastLostSeq = -1;
    const wins = new Map<number, number>();
    const sources = [
      ...(queue === undefined ? [] : [{ log: queue.takes, cpus: allowed }]),
      ...rivals.map(({ cpu, other }) => ({ log: other.takes, cpus: new Set([cpu]) })),
    ];
    for (const { log, cpus } of sources) {
      for (let i = 0; i < log.length; i++) {
        log.read(i, take);
        if (take.t < this.#since || take.seq <= this.#sinceSeq) break;
        if (take.pid === this.#task.pid) continue;
        if (!cpus.has(take.cpu)) {
          ineligible++;
          continue;
        }
        decisions++;
        if (!this.#ordered || !wonByOrder(take, vtime.hi, vtime.lo)) continue;
        lost++;
        if (lastLostSeq < take.seq) lastLostSeq = take.seq;
        if (firstLostSeq < 0 || take.seq < firstLostSeq) firstLostSeq = take.seq;
        wins.set(take.pid, (wins.get(take.pid) ?? 0) + 1);
      }
    }
    if (decisions === 0 && ineligible === 0) return NO_COUNTS;
    return { decisions, lost, ineligible, firstLostSeq, lastLostSeq, winners: this.#winners(wins) };
  }

  #winners(wins: ReadonlyMap<number, number>): readonly Winner[] {
    return [...wins]
      .toSorted(([pidA, a], [pidB, b]) => b - a || pidA - pidB)
      .slice(0, WINNERS)
      .map(([pid, runs]) => {
        const task = this.#service.model.findTask(pid);
        return { pid, name: task?.comm ?? '', weight: task?.weight ?? 0, runs };
      });
  }

  /** CPUs that may run the task; empty when the mask is not known. */
  #allowedCpus(): readonly number[] {
    const task = this.#task;
    if (task.migrationDisabled > 0 && task.taskCpu >= 0) return [task.taskCpu];
    if (!task.maskKnown) return [];
    return onlineCpus(this.#service.model).filter((cpu) => task.allows(cpu) === YES);
  }

  /** The smallest share over the CPUs for `higher` (all of them must be busy so), the largest for `idle`; -1 unknown. */
  #share(cpus: readonly number[], kind: 'idle' | 'higher'): number {
    const shares = cpus.map((cpu) => this.#service.cpuTime.shares(cpu, this.#since, this.#now));
    if (shares.length === 0 || shares.some((share) => share === undefined)) return -1;
    const values = shares.map((share) => share?.[kind] ?? 0);
    return kind === 'higher' ? Math.min(...values) : Math.max(...values);
  }

  /** Share of the wait in which any CPU that may run it was idle; at most, where it may not run everywhere. */
  #idleShare(cpus: readonly number[]): number {
    const { cpuTime, model } = this.#service;
    if (!cpus.every((cpu) => cpuTime.isSeen(cpu))) return -1;
    if (cpus.length === onlineCpus(model).length) return cpuTime.anyIdleShare(this.#since, this.#now) ?? -1;
    const shares = cpus.map((cpu) => cpuTime.shares(cpu, this.#since, this.#now)?.idle ?? -1);
    return shares.some((share) => share < 0)
      ? -1
      : Math.min(
          1,
          shares.reduce((sum, share) => sum + share, 0),
        );
  }

  #proof(kind: StallClass, text: string, cpus: readonly number[], counts: Counts = NO_COUNTS): WaitProof {
    const { vtime } = this.#task;
    return {
      class: kind,
      text,
      sinceSeq: this.#sinceSeq,
      since: this.#since,
      waitedNs: this.#since < 0 ? 0 : this.#now - this.#since,
      dsq: this.#dsq?.name ?? '',
      key: this.#ordered ? vtime.toBigInt() : undefined,
      cpus,
      ...counts,
      idleShare: this.#idleShare(cpus),
      higherShare: this.#share(cpus, 'higher'),
    };
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
