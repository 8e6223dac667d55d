// What the transitions of DSQs share.
import type { Dsq } from '../dsq.ts';
import type { Task } from '../task.ts';

/** Takes the task off the DSQ that the model has it on, if any. */
export function detach(task: Task): void {
  const { dsq } = task;
  if (dsq !== undefined && dsq !== null) dsq.remove(task);
}

/** The id in hexadecimal digits, for `0x%016llx`. */
export function formatId(dsq: Dsq): string {
  return `${(dsq.idHi >>> 0).toString(16).padStart(8, '0')}${(dsq.idLo >>> 0).toString(16).padStart(8, '0')}`;
}
