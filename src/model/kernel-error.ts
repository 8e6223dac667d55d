// An error that the core raises, as predicted by the model: which site, about whom, and the exact message.
import type { Sched } from './sched.ts';
import type { Task } from './task.ts';

export interface KernelError {
  /** Id of the error site, which is the id of the rule about it. */
  readonly site: string;
  readonly kind: number;
  readonly sched: Sched | undefined;
  /** Message as the kernel formats it. */
  readonly message: string;
  /** May the kernel's message be this? It leaves open what the trace does not tell: names, durations in jiffies. */
  readonly accepts: (message: string) => boolean;
  readonly task?: Task;
  /** CPU that the message names, or that the decision was for; -1 none. */
  readonly target: number;
  /** DSQ id of the request, as people write it; '' none. */
  readonly dsq: string;
  /** False when it depends on state that the trace does not settle. */
  readonly certain: boolean;
  /** What happened, in words of the model, for the finding. */
  readonly text: string;
  /** First event of the kernel function that raises it; the exit may be claimed between that event and this. */
  readonly sinceSeq: number;
  /** Ordinal of the event at which the scheduler made the decision that fails here; -1 unknown. */
  readonly decisionSeq: number;
  readonly decisionTime: number;
  /** Beginning of the callback in which the decision was made; -1 unknown. */
  readonly callbackSeq: number;
  readonly callbackTime: number;
}
