// What every view of the model needs: the model, and the times of the trace.
import type { ExactNumber } from '../findings/result.ts';
import type { Model } from '../model/model.ts';
import type { Sched } from '../model/sched.ts';
import type { Task } from '../model/task.ts';
import { exact } from '../replay/evidence.ts';
import { formatSchedId } from '../trace/describe.ts';
import { toBigInt } from '../trace/u64.ts';
import type { Moment, TaskRef } from './document.ts';

/** Names of SCX_SLICE_INF, all bits set. */
const INFINITE = -1;

export class ViewContext {
  readonly model: Model;
  readonly #clock: { readonly timeBase: bigint };

  /** `clock` is the open trace: its time base is valid once the first event was read. */
  constructor(model: Model, clock: { readonly timeBase: bigint }) {
    this.model = model;
    this.#clock = clock;
  }

  /** A time of the model as a time of the trace. */
  ts(t: number): ExactNumber {
    return exact(this.#clock.timeBase + BigInt(t));
  }

  /** An event by ordinal and model time; null when the model has none (-1). */
  moment(seq: number, t: number): Moment | null {
    return seq < 0 || t < 0 ? null : { event: seq, ts: this.ts(t) };
  }

  /** Spells a task by its pid. */
  readonly name = (pid: number): string => {
    if (pid === 0) return 'idle';
    const comm = this.model.findTask(pid)?.comm ?? '';
    return comm === '' ? `pid ${pid}` : `${comm}[${pid}]`;
  };

  taskRef(task: Task): TaskRef {
    return { pid: task.pid, comm: task.comm === '' ? null : task.comm };
  }
}

/** Id of a scheduler instance: a number while it is small, an address otherwise. */
export function schedId(sched: Sched): ExactNumber {
  const text = formatSchedId(sched.id.hi, sched.id.lo);
  return text.startsWith('0x') ? text : Number(text);
}

/** A slice, ns; SCX_SLICE_INF has a name. */
export function sliceOf(hi: number, lo: number): ExactNumber | 'inf' {
  return hi === INFINITE && lo === INFINITE ? 'inf' : exact(toBigInt(hi, lo));
}
