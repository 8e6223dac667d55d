// Looks up the events that findings refer to: a second pass over the input, which keeps nothing of the first.

import { InputError } from '../errors.ts';
import type { EvidenceItem, ExactNumber } from '../findings/result.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { describeEvent, type NameOf } from '../trace/describe.ts';

/** The events with the given ordinals. Reads only as far as the last of them. */
export function collectEvidence(
  trace: OpenTrace,
  ordinals: ReadonlySet<number>,
  name: NameOf,
): ReadonlyMap<number, EvidenceItem> {
  const items = new Map<number, EvidenceItem>();
  if (ordinals.size === 0) return items;
  const last = Math.max(...ordinals);
  try {
    trace.run({
      event(event) {
        if (ordinals.has(event.seq)) {
          items.set(event.seq, {
            ts: exact(trace.timeBase + BigInt(event.t)),
            cpu: event.cpu,
            type: event.type,
            position: trace.positionOf(event),
            text: describeEvent(event, name),
          });
        }
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
