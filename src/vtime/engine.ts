// The vtime engine: takes the events that concern vtime, keeps tasks and bases, and tells the rules facts.
import type { Model } from '../model/model.ts';
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import { DescribedEngine } from './described-engine.ts';
import type { Domain } from './domain.ts';
import type { DriftWatch } from './drift.ts';
import type { VtimeHandlers } from './facts.ts';
import { PlainEngine } from './plain-engine.ts';
import type { VtimeState } from './state.ts';
import type { Waits } from './waits.ts';

export type EngineHandler = (event: TraceEvent, step: Step) => void;
export type EventHandlers = { readonly [T in EventType]?: EngineHandler };

export interface EngineOptions {
  readonly model: Model;
  readonly domain: Domain;
  /** Without any, only what proofs of waits need is followed. */
  readonly listeners: readonly VtimeHandlers[];
}

export interface VtimeEngine {
  readonly state: VtimeState;
  readonly waits: Waits;
  readonly drift: DriftWatch;
  /** To be called for every event of their types, after the model has taken it. */
  readonly handlers: EventHandlers;
  /** Comparisons that would have shown a run that does not reach a basis. */
  readonly runsCompared: number;
  /** Comparisons that would have shown a drift. */
  readonly driftsCompared: number;
  /** The trace is over. */
  end(): void;
}

export function newVtimeEngine(options: EngineOptions): VtimeEngine {
  return options.domain.auto ? new PlainEngine(options) : new DescribedEngine(options);
}
