// The same breaks for every type of event, to find the types that nothing in the trace stands for.
import { EVENT_TYPES } from '../../src/trace/vocabulary/index.ts';
import { alter, double, drop, otherCpu, otherTask } from './breaks.ts';
import type { Mutation } from './mutation.ts';

export const SWEEP: readonly Mutation[] = EVENT_TYPES.flatMap((type) => [
  drop(`${type}:drop`, `${type} is missing`, type),
  double(`${type}:double`, `${type} is there twice`, type),
  alter(`${type}:pid`, `${type} is about another task`, type, (event, recording, random) =>
    event.pid > 0 ? otherTask(event, recording, random) : false,
  ),
  alter(`${type}:cpu`, `${type} comes from another CPU`, type, (event, recording, random) => {
    const cpu = otherCpu(recording, random, event.cpu);
    event.cpu = cpu;
    return cpu >= 0;
  }),
  alter(`${type}:rq`, `${type} is about another run queue`, type, (event, recording, random) => {
    const cpu = event.rq < 0 ? -1 : otherCpu(recording, random, event.rq);
    event.rq = cpu;
    return cpu >= 0;
  }),
]);
