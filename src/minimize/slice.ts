// Slicing by causality: which events a finding needs, asked in the order of their relevance, so that few questions suffice and
// of several events that would do the most relevant stays.
import type { TraceHeader } from '../trace/header.ts';
import { ddmin } from './ddmin.ts';
import { type EventSource, lockedBy, type Probe, type Target } from './probe.ts';
import { byRelevance } from './relevance.ts';

/** How many of the most relevant events are tried first, and how much more each time. */
const FIRST_STEP = 16;
const GROWTH = 16;

/** If so many of the most relevant events do not show the finding, others may hide it: then whole circles are tried. */
export const NEAR = 4096;

/** Parts in which a circle is thinned out. Where more of them than that are needed, thinning it out is no help. */
const MOST_PARTS = 64;

/**
 * Events that the finding needs, in ascending order. The shortest beginning of the order of relevance that shows the finding
 * ends with an event that is needed; that one is kept, and the search goes on before it. `end` limits the events looked at.
 * Undefined: the finding does not show even with all of them.
 */
export function neededEvents(
  probe: Probe,
  source: EventSource,
  header: TraceHeader,
  target: Target,
  end: number,
): Uint32Array | undefined {
  const orders = byRelevance(source, target, end);
  const needed = [...lockedBy(target)];
  const showsIn =
    (order: Uint32Array) =>
    (length: number): boolean =>
      probe.keeps(header, merged(needed, order.subarray(0, length)), target);
  let order = orders.at(-1) ?? new Uint32Array(0);
  let bounds = gallop(showsIn(order), Math.min(order.length, NEAR));
  if (bounds.holds < 0) {
    const circle = orders.find((candidate) => candidate.length >= bounds.fails && showsIn(candidate)(candidate.length));
    if (circle === undefined) return undefined;
    order = thinned(circle, (part) => probe.keeps(header, merged(needed, part), target));
    const near = gallop(showsIn(order), order.length - 1);
    bounds = near.holds < 0 ? { fails: near.fails, holds: order.length } : near;
  }
  const shows = showsIn(order);
  while (bounds.holds > 0) {
    const length = shortest(shows, bounds);
    if (length === 0) break;
    needed.push(order[length - 1] ?? 0);
    // Most often what is still missing is far nearer than what was just found.
    const near = gallop(shows, length - 2);
    bounds = near.holds < 0 ? { fails: near.fails, holds: length - 1 } : near;
  }
  return merged(needed, new Uint32Array(0));
}

/**
 * What remains of a circle when large parts of it that are not needed are left out, the least relevant first, until about
 * `NEAR` events are left or too many parts are needed. `shows` holds for the circle and for what is returned. Searching the
 * whole circle for single events would replay most of it for every question.
 */
export function thinned(circle: Uint32Array, shows: (part: Uint32Array) => boolean): Uint32Array {
  let kept = circle;
  for (let size = kept.length >> 1; kept.length > NEAR && kept.length <= size * MOST_PARTS; size >>= 1) {
    for (let end = kept.length; end > 0 && kept.length > NEAR; end -= size) {
      const from = Math.max(0, end - size);
      const part = new Uint32Array(kept.length - (end - from));
      part.set(kept.subarray(0, from));
      part.set(kept.subarray(end), from);
      if (shows(part)) kept = part;
    }
  }
  return kept;
}

/** A length that is too short, and one that shows the finding; -1: none is known. */
interface Bounds {
  readonly fails: number;
  readonly holds: number;
}

/** Tries longer and longer beginnings, up to the limit. */
function gallop(shows: (length: number) => boolean, limit: number): Bounds {
  let fails = -1;
  for (let size = 0; size <= limit; size = size === 0 ? FIRST_STEP : size * GROWTH) {
    if (shows(size)) return { fails, holds: size };
    fails = size;
  }
  return { fails, holds: -1 };
}

/** The shortest length above `fails` and up to `holds` that shows the finding. */
function shortest(shows: (length: number) => boolean, { fails, holds }: Bounds): number {
  let low = fails;
  let high = holds;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (shows(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Takes out events until every single one that is left is needed. `sliced`: few of them can be spare. */
export function withoutSpare(
  probe: Probe,
  header: TraceHeader,
  target: Target,
  { ordinals, sliced }: { readonly ordinals: Uint32Array; readonly sliced: boolean },
): Uint32Array {
  const locked = lockedBy(target);
  const none = new Uint32Array(0);
  const free = [...ordinals].filter((i) => !locked.has(i));
  const keeps = (some: readonly number[]): boolean => probe.keeps(header, merged([...locked, ...some], none), target);
  const kept = sliced ? ddmin(free, keeps, 1) : ddmin(free, keeps);
  return merged([...locked, ...kept], none);
}

function merged(a: readonly number[], b: Uint32Array): Uint32Array {
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.sort();
}
