// Who listens to which fact.
import type { FactName, VtimeHandlers } from './facts.ts';

/** Listeners by fact. */
export type Sinks = { readonly [N in FactName]: NonNullable<VtimeHandlers[N]>[] };

export function sinksOf(listeners: readonly VtimeHandlers[]): Sinks {
  const sinks: Sinks = {
    onCharge: [],
    onInsert: [],
    onDrift: [],
    onAdvance: [],
    onRebase: [],
    onSnap: [],
    onMismatch: [],
    onTake: [],
    onErrorRecord: [],
    onWait: [],
  };
  for (const listener of listeners) {
    for (const [name, handler] of Object.entries(listener)) {
      const list = sinks[name as keyof Sinks] as unknown[];
      list.push(handler);
    }
  }
  return sinks;
}

export function hasListeners(sinks: Sinks): boolean {
  return Object.values(sinks).some((list) => list.length > 0);
}
