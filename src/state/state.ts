// Builds the state document: the model at one moment, and the events that lead there.
import type { OpenTrace } from '../readers/reader.ts';
import { viewCpu } from './cpu-view.ts';
import { type Selection, STATE_SCHEMA, type StateDocument } from './document.ts';
import { viewDsq } from './dsq-view.ts';
import { type Orientation, orient, type Watched } from './orientation.ts';
import { viewSched } from './sched-view.ts';
import { allDsqs, selectFrom } from './selection.ts';
import { viewTask } from './task-view.ts';
import { type Destination, type TravelOptions, travelTo } from './travel.ts';
import { ViewContext } from './view-context.ts';

export interface StateOptions extends TravelOptions {
  /** What to show; null: everything. */
  readonly selection: Selection | null;
  /** Number of events to show that lead there. */
  readonly context: number;
}

/** The model at the place asked for. What is not in the trace is an InputError. */
export function stateAt(trace: OpenTrace, options: StateOptions): StateDocument {
  const { selection } = options;
  const arrival = travelTo(trace, options);
  const { model, destination } = arrival;
  const context = new ViewContext(model, trace);
  const selected =
    selection === null
      ? { tasks: [...model.tasks()], cpus: model.cpus, dsqs: allDsqs(model), scheds: model.scheds }
      : selectFrom(model, selection, options.path);
  const { event, leading } =
    destination === undefined
      ? NOWHERE
      : orient(trace, context, destination.seq, watchedAt(destination, selection), options.context);
  return {
    schema: STATE_SCHEMA,
    trace: { path: options.path, format: trace.format, kernel: trace.header.kernel ?? null },
    when: arrival.when,
    event: event ?? null,
    ...(arrival.ambiguous ? { ambiguous: true } : {}),
    context: leading,
    known_since: arrival.lostTime < 0 ? null : context.moment(model.knownSince, arrival.lostTime),
    selection,
    schedulers: selected.scheds.map((sched) => viewSched(context, sched)),
    cpus: selected.cpus.map((cpu) => viewCpu(context, cpu)),
    dsqs: selected.dsqs.map((dsq) => viewDsq(context, dsq)),
    tasks: selected.tasks.map((task) => viewTask(context, task)),
    ...(arrival.damage === undefined ? {} : { incomplete: { error: arrival.damage.describe() } }),
  };
}

/** The start of a trace: no event, and nothing that leads there. */
const NOWHERE: Orientation = { event: undefined, leading: [] };

/** What leads to an event: the CPU and the tasks that it names, or those that the user asks about. */
function watchedAt({ cpu, pids }: Destination, selection: Selection | null): Watched {
  if (selection !== null && selection.pids.length + selection.cpus.length > 0)
    return { cpus: selection.cpus, pids: selection.pids };
  return { cpus: [cpu], pids };
}
