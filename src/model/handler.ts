// The signature of transitions: an event applied to the model, with the step as its record.
import type { TraceEvent } from '../trace/event.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import type { Model } from './model.ts';
import type { Step } from './step.ts';

export type Transition = (model: Model, event: TraceEvent, step: Step) => void;

export type Transitions = { readonly [T in EventType]?: Transition };
