// How long tasks wait for a CPU, from switches and wakeups alone: all that many traces hold.
import type { TraceEvent } from '../trace/event.ts';
import { KIND } from '../trace/vocabulary/index.ts';

/** TASK_REPORT_MAX in sched_switch: the task was preempted and stays runnable. */
const PREEMPTED = 0x100;

export interface Wait {
  readonly pid: number;
  /** Time at which it became runnable, ns from the time base. */
  readonly since: number;
  readonly ns: number;
}

export class Waits {
  /** Waits that were seen from their beginning to their end. */
  measured = 0;
  totalNs = 0;
  longest: Wait | undefined;
  /** When each runnable task that does not run became so. */
  readonly #since = new Map<number, number>();
  /** Tasks that were seen to come to a CPU, and not to leave it. */
  readonly #running = new Set<number>();

  event(event: TraceEvent): void {
    switch (event.kind) {
      case KIND.switch:
        this.#running.delete(event.prev);
        if (event.next > 0) {
          this.#runs(event.next, event.t);
          this.#running.add(event.next);
        }
        // Without its state it is not known whether the task that leaves waits or sleeps.
        if (event.prev > 0 && event.has('prev_state')) {
          if ((event.prev_state & ~PREEMPTED) === 0) this.#since.set(event.prev, event.t);
          else this.#since.delete(event.prev);
        }
        return;
      case KIND.wakeup:
        // A task that is woken on its way to sleep simply goes on running.
        if (event.pid > 0 && !this.#running.has(event.pid) && !this.#since.has(event.pid))
          this.#since.set(event.pid, event.t);
        return;
      case KIND.exit:
        this.#since.delete(event.pid);
        return;
      case KIND.lost:
        this.#since.clear();
        this.#running.clear();
        return;
      default:
    }
  }

  /** The task that has waited longest when the trace ends at `end`. */
  waiting(end: number): Wait | undefined {
    let longest: Wait | undefined;
    for (const [pid, since] of this.#since)
      if (longest === undefined || end - since > longest.ns) longest = { pid, since, ns: end - since };
    return longest;
  }

  #runs(pid: number, now: number): void {
    const since = this.#since.get(pid);
    if (since === undefined) return;
    this.#since.delete(pid);
    const ns = now - since;
    this.measured++;
    this.totalNs += ns;
    if (this.longest === undefined || ns > this.longest.ns) this.longest = { pid, since, ns };
  }
}
