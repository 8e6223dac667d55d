// Replays a trace up to one time and shows the state of the delegation there.
import type { CapsStateDocument } from '../findings/caps-document.ts';
import { detectKernel } from '../kernel/detect.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { capsState } from './document.ts';

/** A time as it is given on a command line: ns of the trace's clock, or since its first event. */
export interface GivenTime {
  readonly ns: bigint;
  readonly relative: boolean;
}

/** The state after the last event that is not later than `time`. */
export function stateAt(trace: OpenTrace, path: string, time: GivenTime): CapsStateDocument {
  const { header } = trace;
  const model = new Model({ header, semantics: semanticsOf(detectKernel(header, undefined).version) });
  const step = new Step();
  let last = -1;
  let until = -1;
  trace.run({
    event(event) {
      if (until < 0) until = Number(time.relative ? time.ns : time.ns - trace.timeBase);
      if (event.t > until) return false;
      model.apply(event, step);
      last = event.t;
      return true;
    },
  });
  const at = time.relative ? trace.timeBase + time.ns : time.ns;
  const { release, point } = model.semantics.version;
  const kernel = header.kernel ?? (point > 0 ? `${release}.${point}` : release);
  return capsState(model, { path, kernel, cpus: header.possible?.size ?? model.cpus.length }, at, last, trace.timeBase);
}
