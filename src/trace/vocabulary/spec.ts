// The shape of one event type's declaration.
import type { FieldName } from './fields.ts';

export interface EventSpec {
  /** What happened, in one sentence. */
  readonly doc: string;
  /** Kernel functions or tracepoints that the event stands for. */
  readonly fn: string;
  readonly required: readonly FieldName[];
  readonly optional: readonly FieldName[];
  /** Allowed values of `step`, in the order in which they occur; absent: the type has no steps. */
  readonly steps?: readonly string[];
}

/** Keeps the literal types of a group of event types. */
export function eventTypes<const T extends Record<string, EventSpec>>(types: T): T {
  return types;
}
