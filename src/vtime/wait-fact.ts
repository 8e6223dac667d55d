// A wait and its proof: how long a task waited, why, and who was served instead.
import type { Task } from '../model/task.ts';
import type { Premise } from './premise.ts';

/** Why a runnable task does not run. */
export type StallClass =
  | 'order'
  | 'not-served'
  | 'ineligible'
  | 'no-dispatch'
  | 'idle-cpu'
  | 'higher-class'
  | 'held-by-bpf'
  | 'bypass'
  | 'unknown';

export interface Winner {
  readonly pid: number;
  readonly name: string;
  readonly weight: number;
  readonly runs: number;
}

export interface WaitProof {
  readonly class: StallClass;
  /** One clause that says what the trace shows. */
  readonly text: string;
  /** Begin of the wait: when it was put where it waits, or given to the scheduler. */
  readonly sinceSeq: number;
  readonly since: number;
  readonly waitedNs: number;
  readonly dsq: string;
  /** Key on an ordered DSQ. */
  readonly key: bigint | undefined;
  /** CPUs that may run the task and reach its queue. */
  readonly cpus: readonly number[];
  /** Tasks that those CPUs took meanwhile from its queue or one that competes with it. */
  readonly decisions: number;
  /** Of these, rightly before it by order. */
  readonly lost: number;
  readonly firstLostSeq: number;
  readonly lastLostSeq: number;
  readonly winners: readonly Winner[];
  /** Tasks taken by CPUs that may not run it. */
  readonly ineligible: number;
  /** Shares of the wait, 0..1; -1 unknown. */
  readonly idleShare: number;
  readonly higherShare: number;
}

/** A wait on an ordered DSQ ended, or is open at the end of the trace or of the scheduler. Ask it while it is told. */
export interface WaitFact {
  readonly task: Task;
  readonly seq: number;
  readonly t: number;
  /** It still waits. */
  readonly open: boolean;
  /** Watchdog timeout of its scheduler, ns. */
  readonly timeoutNs: number;
  /** What is described of its scheduler. */
  readonly premise: Premise;
  /** The timeout, or which queues compete, is known from the description only. */
  readonly isDescribed: boolean;
  readonly waitedNs: number;
  /** Made when first asked for: most long waits of tasks of low weight need none. */
  readonly proof: WaitProof;
  /** CPU time that competitors are ahead with, over the CPUs that serve it, ns: how long it would have to wait on. */
  readonly forecastNs: number;
  /** The same, had the task been no further ahead than a single charge puts it. */
  readonly justifiedNs: number;
  /** The same, had the task been ahead by what a slice costs at its weight. */
  readonly designedNs: number;
  /** What is justified if all CPUs served it: a lower bound that needs no proof. */
  readonly justifiedAtLeastNs: number;
}
