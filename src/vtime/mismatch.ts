// Where the trace contradicts the description: one contradiction makes everything that follows from it inconclusive.

import { formatDuration } from './durations.ts';
import type { ChargeFact, MismatchFact } from './facts.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';

/** Share of charges that may not fit before the description is held against it. */
const MISFIT_SHARE = 0.2;
/** Share of charges that must be exactly what the slice costs, to say that the slice is charged. */
const SLICE_SHARE = 0.95;
/** Clock and slice must differ by this much runtime for a charge to tell them apart, ns. */
const APART_NS = 1000;

export class Mismatches {
  readonly #state: VtimeState;
  readonly #absNs: number;
  readonly #rel: number;
  readonly #enough: number;

  constructor(state: VtimeState) {
    this.#state = state;
    const { limits } = state.domain;
    this.#absNs = limits.number('vtime-charge-mismatch', 'abs');
    this.#rel = limits.number('vtime-charge-mismatch', 'rel');
    this.#enough = limits.number('vtime-model-mismatch', 'charges');
  }

  /** The trace contradicts the description of this scheduler. The first contradiction is told. */
  contradict(sched: SchedVtime, fact: Omit<MismatchFact, 'sched'>): void {
    if (sched.domain.auto) return;
    const { premise } = sched;
    if (isForeign(fact.class) && !sched.isForeign) sched.disown(fact.message);
    if (premise.broken) return;
    premise.break(fact.message);
    for (const sink of this.#state.sinks.onMismatch) sink({ ...fact, sched });
  }

  /** Compares a charge with the description: 1 it fits, 0 it does not, -1 it cannot be compared. */
  charge(fact: ChargeFact): number {
    const { sched, deltaNs, modelMin, modelMax } = fact;
    const { domain, charges } = sched;
    if (domain.privateAccumulator) return -1;
    if (!fact.observed || !fact.isPure || Number.isNaN(deltaNs) || fact.runtimeNs < 0 || modelMin < 0) return -1;
    const { weight } = fact.task.task;
    const { source, num } = domain.charge;
    const scale = weight > 0 ? num / weight : 1;
    const tolerance = source === 'clock' ? Math.max(this.#absNs * scale, this.#rel * modelMax) : 0;
    const fits = deltaNs >= modelMin - tolerance && deltaNs <= modelMax + tolerance;
    sched.tests++;
    if (source === 'clock') compareWithSlice(fact);
    // Runs so short that the tolerance covers everything fit any description.
    if (!fits || modelMin > tolerance) {
      charges.compared++;
      if (fits) charges.fitting++;
      else charges.firstMisfit ??= { seq: fact.seq, t: fact.t, runSeq: fact.runSeq, text: misfitText(fact) };
    }
    this.#judge(fact);
    return fits ? 1 : 0;
  }

  #judge(fact: ChargeFact): void {
    const { sched } = fact;
    const { charges, domain } = sched;
    if (sched.isForeign) return;
    const misfits = charges.compared - charges.fitting;
    const { firstMisfit } = charges;
    if (charges.compared >= this.#enough && misfits > charges.compared * MISFIT_SHARE && firstMisfit !== undefined) {
      this.contradict(sched, {
        ...NOTHING,
        seq: firstMisfit.seq,
        t: firstMisfit.t,
        class: 'charge',
        message: `charges do not fit: ${misfits} of ${charges.compared} differ from what "charge" says (source ${domain.charge.source}); the first: ${firstMisfit.text}`,
        task: fact.task,
        otherSeq: firstMisfit.runSeq,
        otherNote: 'the run begins',
        note: firstMisfit.text,
      });
      return;
    }
    if (domain.charge.source !== 'clock' || charges.sliceCompared < this.#enough) return;
    if (charges.sliceExact < charges.sliceCompared * SLICE_SHARE) return;
    this.contradict(sched, {
      ...NOTHING,
      seq: fact.seq,
      t: fact.t,
      class: 'charge',
      message: `the scheduler charges the slice used, not the time measured: ${charges.sliceExact} of ${charges.sliceCompared} charges are exactly what is gone of ${formatDuration(charges.slice.ns)}; "charge": {"source": "slice"}`,
      task: fact.task,
      otherSeq: fact.runSeq,
      otherNote: 'the run begins',
      note: 'charged exactly the slice used',
    });
  }
}

const NOTHING = { basis: undefined, task: undefined, otherSeq: -1, otherNote: '', note: '', hidden: [] } as const;

/**
 * Counts a charge that tells clock and slice apart, and whether it is exactly the part of a slice that is gone. How long
 * the scheduler takes its slices for is what most charges agree on.
 */
function compareWithSlice(fact: ChargeFact): void {
  const { charges, domain } = fact.sched;
  const { slice } = charges;
  const { weight } = fact.task.task;
  const { num } = domain.charge;
  const left = fact.sliceLeftNs;
  if (left < 0 || weight <= 0 || fact.deltaNs <= 0) return;
  charges.slicesSeen++;
  const used = slice.ns - left;
  const isExact = used >= 0 && Math.floor((used * num) / weight) === fact.deltaNs;
  if (slice.ns >= 0 && Math.abs(used - fact.runtimeNs) > APART_NS) {
    charges.sliceCompared++;
    if (isExact) charges.sliceExact++;
  }
  if (isExact) {
    slice.votes++;
    return;
  }
  // Only a light task's charge tells to the nanosecond what was used.
  if (weight > num || slice.votes-- > 0) return;
  slice.ns = left + Math.ceil((fact.deltaNs * weight) / num);
  slice.votes = 0;
}

/** Does such a contradiction say more than that a basis, or a limit, is not as described? */
function isForeign(kind: string): boolean {
  return kind === 'charge' || kind === 'queue' || kind === 'key';
}

function misfitText(fact: ChargeFact): string {
  const { task } = fact.task;
  const expected = fact.modelMin === fact.modelMax ? `${fact.modelMin}` : `${fact.modelMin}..${fact.modelMax}`;
  return `${task.label} (weight ${task.weight}) ran ${formatDuration(fact.runtimeNs)} and was charged ${fact.deltaNs} ns instead of ${expected} ns`;
}
