// Which built-in descriptions does a trace not contradict? Asked when the one that was given does not fit.
import { InputError } from '../errors.ts';
import { detectKernel } from '../kernel/detect.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { EVENT_TYPES } from '../trace/vocabulary/index.ts';
import { type EngineHandler, newVtimeEngine } from '../vtime/engine.ts';
import { allBuiltinDomains } from '../vtime/load-domain.ts';

/** A description fits when this many comparisons could have contradicted it and none did. */
const MIN_TESTS = 20;

/** Names of the built-in descriptions, with their variants, that fit; one more pass over the trace. */
export function fittingDomains(trace: OpenTrace, kernel: KernelVersion | undefined): readonly string[] {
  const { header } = trace;
  const model = new Model({ header, semantics: semanticsOf(detectKernel(header, kernel).version) });
  const engines = allBuiltinDomains().map((domain) => {
    const candidate = { domain, contradicted: false };
    const onMismatch = (): void => {
      candidate.contradicted = true;
    };
    const engine = newVtimeEngine({ model, domain, listeners: [{ onMismatch }] });
    const handlers: readonly (EngineHandler | undefined)[] = EVENT_TYPES.map((type) => engine.handlers[type]);
    return { candidate, engine, handlers };
  });
  const step = new Step();
  let left = engines;
  try {
    trace.run({
      event(event) {
        model.apply(event, step);
        for (const { handlers } of left) handlers[event.kind]?.(event, step);
        // A description that was contradicted once need not be followed any further.
        if (left.some(isContradicted)) left = left.filter((entry) => !isContradicted(entry));
        return left.length > 0;
      },
    });
  } catch (error) {
    // The first pass has reported the damage.
    if (!(error instanceof InputError)) throw error;
  }
  return left.flatMap(({ candidate, engine }) => {
    let tests = 0;
    for (const sched of engine.state.allScheds()) tests += sched.tests;
    return tests >= MIN_TESTS ? [candidate.domain.name] : [];
  });
}

function isContradicted({ candidate }: { readonly candidate: { readonly contradicted: boolean } }): boolean {
  return candidate.contradicted;
}
