// Any course of delegation: the model holds what the kernel holds, nothing is reported; and no single corruption escapes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEffective } from '../../src/kernel/caps.ts';
import { isComplete, possibleOf, presentOf } from '../../src/model/caps/cell.ts';
import type { Model } from '../../src/model/model.ts';
import { replayEvents } from '../support/replay.ts';
import { CIDS, closureOf, Hierarchy, type Node, type Sets } from './hierarchy.ts';

interface Operation {
  readonly kind: 'attach' | 'grant' | 'revoke' | 'pass' | 'passes' | 'query' | 'end' | 'offline' | 'online';
  /** Picks the scheduler, the CPU. */
  readonly who: number;
  readonly cpu: number;
  readonly caps: number;
  readonly cids: readonly number[];
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant('attach' as const) },
    { weight: 6, arbitrary: fc.constant('grant' as const) },
    { weight: 4, arbitrary: fc.constant('revoke' as const) },
    { weight: 5, arbitrary: fc.constant('pass' as const) },
    { weight: 2, arbitrary: fc.constant('passes' as const) },
    { weight: 2, arbitrary: fc.constant('query' as const) },
    { weight: 1, arbitrary: fc.constantFrom('end' as const, 'offline' as const, 'online' as const) },
  ),
  who: fc.nat(20),
  cpu: fc.nat(CIDS.length - 1),
  caps: fc.oneof(fc.constantFrom(0xf, 0x7, 0x3), fc.integer({ min: 1, max: 0xf })),
  cids: fc.uniqueArray(fc.constantFrom(...CIDS), { minLength: 1 }),
});

function perform(hierarchy: Hierarchy, { kind, who, cpu, caps, cids }: Operation): void {
  const { subs, root } = hierarchy;
  const any = [root, ...subs];
  const sub = subs[who % Math.max(1, subs.length)];
  switch (kind) {
    case 'attach':
      hierarchy.attach(any[who % any.length] ?? root);
      break;
    case 'pass':
      hierarchy.pass(cpu);
      break;
    case 'passes':
      for (const each of CIDS) hierarchy.pass(each);
      break;
    case 'offline':
      hierarchy.offline(cpu);
      break;
    case 'online':
      hierarchy.online(cpu);
      break;
    default:
      if (sub === undefined) return;
      if (kind === 'grant') hierarchy.grant(sub, caps, cids);
      else if (kind === 'revoke') hierarchy.revoke(sub, caps, cids);
      else if (kind === 'query') hierarchy.query(sub, caps);
      else hierarchy.end(sub);
  }
}

/** Two children and a grandchild that hold something, then anything. */
const course = fc.array(operation, { minLength: 5, maxLength: 40 }).map((operations) => {
  const hierarchy = new Hierarchy();
  hierarchy.attach(hierarchy.root);
  hierarchy.attach(hierarchy.root);
  const [first] = hierarchy.subs;
  if (first !== undefined) hierarchy.attach(first);
  for (const [i, sub] of hierarchy.subs.entries()) hierarchy.grant(sub, i === 2 ? 0x3 : 0x7, [1, 2, 3, 5]);
  for (const cpu of CIDS) hierarchy.pass(cpu);
  return { hierarchy, operations };
});

/** What the model gets wrong at this time; '' nothing. */
function differs(model: Model, sets: Sets): string {
  for (const sched of model.scheds) {
    if (sched.level === 0 || !sched.linked) continue;
    const truth = sets.get(sched.id.lo);
    if (truth === undefined) return `${sched.label} is linked`;
    const own = model.caps.of(sched);
    for (const cid of CIDS) {
      const { literal } = own.cid(cid);
      const effective = own.ecaps(cid);
      const where = `${sched.label} on cid ${cid}`;
      if (!isComplete(literal) || presentOf(literal) !== truth.literal[cid]) return `literal set of ${where}`;
      if (!isComplete(effective) || presentOf(effective) !== truth.effective[cid]) return `effective set of ${where}`;
      if (!isEffective(presentOf(effective))) return `closure of ${where}`;
      const { parent } = sched;
      if (parent === undefined) return `parent of ${where}`;
      if (parent.level > 0 && (presentOf(literal) & ~possibleOf(model.caps.of(parent).cid(cid).literal)) !== 0)
        return `${where} holds more than its parent`;
    }
  }
  return '';
}

test('grants, revokes, folds, attaching, ending and hotplug in any order', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(course, async ({ hierarchy, operations }) => {
      for (const each of operations) {
        perform(hierarchy, each);
        hierarchy.note();
      }
      hierarchy.reveal();
      const wrong: string[] = [];
      const result = await replayEvents(hierarchy.events, hierarchy.header, {
        observe: (event, _step, model) => {
          // Times count from the first event.
          const sets = hierarchy.states.get(event.t + (hierarchy.events[0]?.ts ?? 0));
          if (sets === undefined) return;
          compared++;
          const difference = differs(model, sets);
          if (difference !== '') wrong.push(`${event.t}: ${difference}`);
        },
      });
      expect(wrong).toEqual([]);
      expect(result.findings.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
      expect(result.fidelity.caps.explained).toBe(result.fidelity.caps.observed);
    }),
    { numRuns: 100 },
  );
  expect(compared).toBeGreaterThan(1000);
});

interface Corruption {
  readonly kind: 'literal' | 'effective' | 'sync' | 'fold';
  readonly who: number;
  readonly cpu: number;
  readonly bits: number;
}

const corruption: fc.Arbitrary<Corruption> = fc.record({
  kind: fc.constantFrom('literal' as const, 'effective' as const, 'sync' as const, 'fold' as const),
  who: fc.nat(20),
  cpu: fc.nat(CIDS.length - 1),
  bits: fc.integer({ min: 1, max: 0xf }),
});

/** Changes the state as no operation would. False when there is nothing to change there. */
function corrupt(hierarchy: Hierarchy, { kind, who, cpu, bits }: Corruption): boolean {
  const { subs } = hierarchy;
  const sub: Node | undefined = subs[who % Math.max(1, subs.length)];
  if (sub === undefined || !hierarchy.isOnline(cpu)) return false;
  const literal = sub.literal[cpu] ?? 0;
  const effective = sub.effective[cpu] ?? 0;
  switch (kind) {
    case 'literal':
      sub.literal[cpu] = literal ^ bits;
      hierarchy.reveal();
      return true;
    case 'effective':
      // What waits for a fold is made anew there.
      sub.effective[cpu] = effective ^ bits;
      hierarchy.reveal();
      return true;
    case 'sync': {
      if (!hierarchy.awaits(sub, cpu) || closureOf(literal) === effective) return false;
      hierarchy.forgetSync(sub, cpu);
      for (const each of CIDS) hierarchy.pass(each);
      hierarchy.reveal();
      return true;
    }
    case 'fold':
      if (!hierarchy.awaits(sub, cpu)) return false;
      hierarchy.pass(cpu, (sched, value) => (sched === sub ? value ^ bits : value));
      return true;
  }
}

test('every single corruption of the state is found', async () => {
  const found = { literal: 0, effective: 0, sync: 0, fold: 0 };
  const rules = new Set<string>();
  await fc.assert(
    fc.asyncProperty(course, corruption, async ({ hierarchy, operations }, wrong) => {
      for (const each of operations) perform(hierarchy, each);
      if (!corrupt(hierarchy, wrong)) return;
      const result = await replayEvents(hierarchy.events, hierarchy.header);
      const violated = result.findings.filter(({ verdict }) => verdict === 'violation').map(({ rule }) => rule);
      expect(violated.length).toBeGreaterThan(0);
      for (const rule of violated) rules.add(rule);
      found[wrong.kind]++;
    }),
    { numRuns: 200 },
  );
  // Each kind has really been tried.
  expect(Math.min(found.literal, found.effective)).toBeGreaterThan(15);
  expect(Math.min(found.sync, found.fold)).toBeGreaterThan(1);
  expect(rules.size).toBeGreaterThan(4);
});
