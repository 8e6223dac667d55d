// Follows the vtimes of a trace without any rule, and makes the document of `scx-check vtime` of it.
import type { ExactNumber } from '../findings/result.ts';
import {
  VTIME_SCHEMA,
  type VtimeBasisReport,
  type VtimeDocument,
  type VtimeDrift,
  type VtimeSchedReport,
  type VtimeTaskReport,
} from '../findings/vtime-document.ts';
import { detectKernel } from '../kernel/detect.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { EVENT_TYPES } from '../trace/vocabulary/index.ts';
import type { Domain } from '../vtime/domain.ts';
import { type EngineHandler, newVtimeEngine } from '../vtime/engine.ts';
import { type DriftAccount, Ledger, type SchedAccount, type TaskAccount, triValue } from '../vtime/ledger.ts';
import type { SchedVtime } from '../vtime/sched-vtime.ts';
import { exact } from './evidence.ts';

export interface VtimeRunOptions {
  readonly path: string;
  readonly domain: Domain;
  readonly kernel?: KernelVersion;
  /** Only this task. */
  readonly pid?: number;
}

/** Follows the whole trace. Damaged input is an InputError. */
export function runVtime(trace: OpenTrace, options: VtimeRunOptions): VtimeDocument {
  const { header } = trace;
  const { domain } = options;
  const model = new Model({ header, semantics: semanticsOf(detectKernel(header, options.kernel).version) });
  const ledger = new Ledger();
  const engine = newVtimeEngine({ model, domain, listeners: [ledger.handlers] });
  ledger.engine = engine;
  const handlers: readonly (EngineHandler | undefined)[] = EVENT_TYPES.map((type) => engine.handlers[type]);
  const step = new Step();
  let from = -1;
  let to = 0;
  trace.run({
    event(event) {
      if (from < 0) from = event.t;
      to = event.t;
      model.apply(event, step);
      handlers[event.kind]?.(event, step);
      return true;
    },
  });
  engine.end();
  const time = (t: number): ExactNumber => exact(trace.timeBase + BigInt(Math.round(t)));
  return {
    schema: VTIME_SCHEMA,
    path: options.path,
    domain: domain.name,
    auto: domain.auto,
    slice_ns: domain.sliceNs,
    limit_ns: domain.cap?.ns ?? null,
    from: time(Math.max(0, from)),
    to: time(to),
    schedulers: [...ledger.scheds].map(([sched, account]) => schedReport(sched, account, options.pid, time)),
  };
}

function schedReport(
  sched: SchedVtime,
  account: SchedAccount,
  pid: number | undefined,
  time: (t: number) => ExactNumber,
): VtimeSchedReport {
  const tasks = [...account.tasks.values()].filter((task) => pid === undefined || task.task.pid === pid);
  const largest = (task: TaskAccount): number => Math.max(...task.drifts.map((drift) => drift.largest));
  return {
    scheduler: sched.sched?.label ?? '',
    mismatch: sched.premise.broken ? sched.premise.reason : null,
    bases: [...sched.allBases()].map((basis): VtimeBasisReport => {
      const moved = account.bases.get(basis);
      const hidden = [...account.tasks.values()].flatMap((task) =>
        task.drifts.filter((drift) => drift.basis === basis && drift.hiddenRuns > 0),
      );
      return {
        basis: basis.label,
        low: basis.loKnown ? exact(basis.lo.toBigInt()) : null,
        high: basis.hiKnown ? exact(basis.hi.toBigInt()) : null,
        updates: moved?.updates ?? 0,
        largest_step_ns: moved?.largestStepNs ?? 0,
        hidden_tasks: hidden.length,
        hidden_ns: Math.round(hidden.reduce((sum, drift) => sum + drift.hiddenNs, 0)),
      };
    }),
    tasks: tasks
      .toSorted((a, b) => largest(b) - largest(a) || a.task.pid - b.task.pid)
      .map((task): VtimeTaskReport => {
        const core = task.task.task;
        return {
          pid: core.pid,
          comm: core.comm,
          weight: core.weight,
          drifts: task.drifts.map((drift) => driftReport(drift, time)),
          charged: task.charges.map((charge) => ({
            group: charge.group < 0 ? null : charge.group,
            borrowed: triValue(charge.borrowed),
            pinned: triValue(charge.pinned),
            runs: charge.runs,
            runtime_ns: Math.round(charge.runtimeNs),
            charge_ns: Math.round(charge.chargeNs),
          })),
        };
      }),
  };
}

const finite = (ns: number): number | null => (Number.isFinite(ns) ? Math.round(ns) : null);

function driftReport(drift: DriftAccount, time: (t: number) => ExactNumber): VtimeDrift {
  const { times, mins, maxs } = drift.series;
  return {
    basis: drift.basis.label,
    samples: times.map((t, i) => ({
      ts: time(t),
      min_ns: finite(mins[i] ?? Number.NaN),
      max_ns: finite(maxs[i] ?? Number.NaN),
    })),
    largest_ns: finite(drift.largest),
    hidden_ns: Math.round(drift.hiddenNs),
    hidden_runs: drift.hiddenRuns,
    first_hidden: drift.firstHidden < 0 ? null : time(drift.firstHidden),
    rate: Number.isFinite(drift.rate) ? drift.rate : null,
    to_error_ns: finite(drift.toErrorNs),
    to_stall_ns: finite(drift.toStallNs),
  };
}
