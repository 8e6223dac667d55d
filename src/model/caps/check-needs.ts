// Which event types a comparison needs before it may speak against anybody: without them its reasons are not all in the trace.
import type { RecordedSet } from '../../trace/recorded.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';

/** All that shows where a task is, and how it came there. */
const PLACES: readonly EventType[] = ['dsq_link', 'dsq_unlink'];
const WAYS: readonly EventType[] = [...PLACES, 'dispatch_enqueue', 'ops_enqueue'];

/** By aspect: the id of the rule about it. */
export const CHECK_NEEDS: Readonly<Record<string, readonly EventType[]>> = {
  'no-capless-run': PLACES,
  'refill-needs-base': PLACES,
  'reenq-reason-exclusive': WAYS,
  'reject-leads-to-reenq': WAYS,
  'forced-admit-justified': ['affinity'],
  'rescue-single': ['dispatch_enqueue', 'scx_event'],
  'sync-queue': ['cap_grant', 'cap_revoke'],
};

/** Aspects about which a recording of these types proves nothing, with what it lacks. None where that is not told. */
export function withheldAspects(recorded: RecordedSet | undefined): ReadonlyMap<string, string> {
  const withheld = new Map<string, string>();
  if (recorded === undefined) return withheld;
  for (const [aspect, types] of Object.entries(CHECK_NEEDS)) {
    const lacking = types.find((type) => !recorded.has(type));
    if (lacking !== undefined) withheld.set(aspect, `${lacking} is not recorded`);
  }
  return withheld;
}
