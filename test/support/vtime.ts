// Drives the vtime engine alone over a trace, and tells where its bases and tasks are.
import { sourceFromBytes } from '../../src/input/open.ts';
import { detectKernel } from '../../src/kernel/detect.ts';
import { semanticsOf } from '../../src/kernel/semantics.ts';
import { Model } from '../../src/model/model.ts';
import { Step } from '../../src/model/step.ts';
import { openTrace } from '../../src/readers/index.ts';
import { EVENT_TYPES } from '../../src/trace/vocabulary/index.ts';
import type { Domain } from '../../src/vtime/domain.ts';
import { newVtimeEngine, type VtimeEngine } from '../../src/vtime/engine.ts';
import type { DriftFact, InsertFact, MismatchFact, VtimeHandlers } from '../../src/vtime/facts.ts';
import { type EventJson, traceText } from './replay.ts';

export interface Followed {
  readonly engine: VtimeEngine;
  readonly drifts: readonly DriftFact[];
  readonly mismatches: readonly MismatchFact[];
  readonly inserts: readonly InsertFact[];
  /** Value of a basis by its label; undefined while it is not exactly known. */
  basis(label: string): bigint | undefined;
  v(pid: number): bigint | undefined;
}

export async function followVtime(
  events: readonly EventJson[],
  domain: Domain,
  more: VtimeHandlers = {},
  header: object = {},
): Promise<Followed> {
  const trace = await openTrace(sourceFromBytes(traceText(events, { kernel: '7.3', ...header }), 'trace'), {});
  const model = new Model({
    header: trace.header,
    semantics: semanticsOf(detectKernel(trace.header, undefined).version),
  });
  const drifts: DriftFact[] = [];
  const mismatches: MismatchFact[] = [];
  const inserts: InsertFact[] = [];
  const own: VtimeHandlers = {
    onDrift: (fact) => drifts.push({ ...fact }),
    onMismatch: (fact) => mismatches.push({ ...fact }),
    onInsert: (fact) => inserts.push({ ...fact }),
    onCharge: () => {},
  };
  const engine = newVtimeEngine({ model, domain, listeners: [own, more] });
  const step = new Step();
  trace.run({
    event(event) {
      model.apply(event, step);
      const type = EVENT_TYPES[event.kind];
      if (type !== undefined) engine.handlers[type]?.(event, step);
      return true;
    },
  });
  engine.end();
  return {
    engine,
    drifts,
    mismatches,
    inserts,
    basis(label) {
      for (const sched of engine.state.allScheds())
        for (const basis of sched.allBases()) if (basis.label === label && basis.isExact) return basis.lo.toBigInt();
      return undefined;
    },
    v(pid) {
      const task = engine.state.findTask(pid);
      return task?.vKnown === true && task.slack === 0 ? task.v.toBigInt() : undefined;
    },
  };
}
