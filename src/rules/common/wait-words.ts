// How rules speak of a wait and its proof.
import type { WaitProof } from '../../vtime/wait-fact.ts';

/** `hog-1 (weight 100, 12×), hog-2 (weight 100, 9×)`. */
export function winnersText({ winners }: WaitProof): string {
  if (winners.length === 0) return 'nobody';
  const shown = winners
    .slice(0, 3)
    .map(({ name, pid, weight, runs }) => `${name === '' ? 'pid' : name}[${pid}] (weight ${weight}, ${runs}×)`);
  return winners.length > 3 ? `${shown.join(', ')} and others` : shown.join(', ');
}

/** What a finding about a wait carries for programs. */
export function waitDetails(proof: WaitProof): Record<string, string | number | boolean | null> {
  return {
    stall_class: proof.class,
    proof: proof.text,
    waited_ns: Math.round(proof.waitedNs),
    key: proof.key?.toString() ?? null,
    cpus: proof.cpus.join(','),
    decisions: proof.decisions,
    lost: proof.lost,
    ineligible: proof.ineligible,
    winners: proof.winners.map(({ pid, name, weight, runs }) => `${name}[${pid}] weight ${weight}: ${runs}`).join('; '),
    idle_share: proof.idleShare < 0 ? null : Number(proof.idleShare.toFixed(4)),
    higher_share: proof.higherShare < 0 ? null : Number(proof.higherShare.toFixed(4)),
  };
}
