// Which scheduler a kfunc call belongs to: kfuncs name no instance, the callback around them does.
import type { TraceEvent } from '../trace/event.ts';
import { OP_ENQUEUE, OP_SELECT_CPU } from './cpu.ts';
import type { Model } from './model.ts';
import type { Sched } from './sched.ts';

/** The calling instance; undefined when several could be. */
export function callerOf(model: Model, event: TraceEvent): Sched | undefined {
  const named = model.schedOf(event);
  if (named !== undefined) return named;
  const cpu = model.cpu(event.cpu);
  if ((cpu.op === OP_ENQUEUE || cpu.op === OP_SELECT_CPU) && cpu.opTask?.sched !== undefined) return cpu.opTask.sched;
  if (model.root === undefined) return undefined;
  for (const child of model.root.children) if (!child.gone) return undefined;
  return model.root;
}
