// Looks up the events that findings refer to: those that were not kept in a second pass over the input.

import { InputError } from '../errors.ts';
import type { EvidenceItem, ExactNumber } from '../findings/result.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { describeEvent, type NameOf } from '../trace/describe.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { KeptEvents } from './kept-events.ts';

/** The events with the given ordinals: those that were kept, the others by reading as far as the last of them. */
export function collectEvidence(
  trace: OpenTrace,
  ordinals: ReadonlySet<number>,
  name: NameOf,
  kept?: KeptEvents,
): ReadonlyMap<number, EvidenceItem> {
  const items = new Map<number, EvidenceItem>();
  const add = (event: TraceEvent): void => {
    items.set(event.seq, {
      ts: exact(trace.timeBase + BigInt(event.t)),
      cpu: event.cpu,
      type: event.type,
      position: trace.positionOf(event),
      text: describeEvent(event, name),
    });
  };
  let last = -1;
  for (const seq of ordinals) {
    const event = kept?.get(seq);
    if (event !== undefined) add(event);
    else last = Math.max(last, seq);
  }
  if (last < 0) return items;
  try {
    trace.run({
      event(event) {
        if (ordinals.has(event.seq) && !items.has(event.seq)) add(event);
        return event.seq < last;
      },
    });
  } catch (error) {
    // The first pass met the same damage and has reported it; the evidence lies before it.
    if (!(error instanceof InputError)) throw error;
  }
  return items;
}

/** A number while it is exact, decimal text beyond. */
export function exact(value: bigint): ExactNumber {
  const small = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER);
  return small ? Number(value) : value.toString();
}
