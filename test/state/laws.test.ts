// Laws of time travel and of following, at random events of real recordings, with records lost at random places.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StateDocument } from '../../src/state/document.ts';
import { applyChanges } from '../../src/state/follow/difference.ts';
import type { Facts } from '../../src/state/follow/document.ts';
import type { SubjectChoice } from '../../src/state/follow/make-subject.ts';
import { factsOf, fixture, followOf, stateOf } from './support.ts';

const RUNS = { numRuns: 12 };

/** A recording, as a header and events; `lostAt` < 0: as it is, otherwise with a loss before that event. */
function withLoss(name: string, lostAt: number): string[] {
  const [header = '', ...events] = fixture(name).trimEnd().split('\n');
  if (lostAt < 0) return [header, ...events];
  const next = JSON.parse(events[lostAt] ?? '{}') as { ts: number; cpu: number };
  const lost = JSON.stringify({ ts: next.ts, cpu: next.cpu, type: 'lost', count: 3 });
  return [header, ...events.slice(0, lostAt), lost, ...events.slice(lostAt)];
}

const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** What a state says about the model, without how it was asked for, and without what counts up to now. */
function modelOf({ schedulers, cpus, dsqs, tasks, known_since }: StateDocument): unknown {
  const text = JSON.stringify({ schedulers, cpus, dsqs, tasks, known_since });
  return JSON.parse(text, (key, value) => (key === 'waited_ns' ? undefined : value));
}

describe.each(['affinity-race.jsonl', 'bypass-begins.jsonl'])('%s', (name) => {
  const count = withLoss(name, -1).length - 1;
  const event = fc.integer({ min: 0, max: count - 1 });
  /** Half of the time with a loss somewhere. */
  const loss = fc.oneof(fc.constant(-1), event);

  test('the state at an event is the state at the end of a trace that ends there', async () => {
    await fc.assert(
      fc.asyncProperty(event, loss, async (k, lostAt) => {
        const lines = withLoss(name, lostAt);
        const there = await stateOf(textOf(lines), `@${k}`);
        const end = await stateOf(textOf(lines.slice(0, k + 2)), 'end');
        expect({ ...there, when: '' }).toEqual({ ...end, when: '' });
      }),
      RUNS,
    );
  });

  test('before an event is after the one before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: count - 1 }), loss, async (k, lostAt) => {
        const text = textOf(withLoss(name, lostAt));
        const before = await stateOf(text, `@${k}`, { before: true });
        expect(modelOf(before)).toEqual(modelOf(await stateOf(text, `@${k - 1}`)));
        expect(before.event?.event).toBe(k);
      }),
      RUNS,
    );
  });

  test('what a follow says changed adds up to the state, at every event', async () => {
    await fc.assert(
      fc.asyncProperty(event, loss, fc.nat(), async (k, lostAt, pick) => {
        const text = textOf(withLoss(name, lostAt));
        const there = await stateOf(text, `@${k}`);
        const subjects = subjectsOf(there);
        const subject = subjects[pick % subjects.length];
        if (subject === undefined) return;
        const { head, entries, tail } = await followOf(text, subject.choice);
        const sum = (until: number): Facts =>
          entries
            .filter((entry) => entry.event <= until)
            .reduce<Facts>((facts, { changes }) => applyChanges(facts, changes), head.initial ?? {});
        expect(sum(k)).toEqual(factsOf(subject.view, sum(k)));
        expect(Object.keys(sum(k)).length).toBeGreaterThan(5);
        expect(sum(Number.POSITIVE_INFINITY)).toEqual(tail.final);
      }),
      { numRuns: 40 },
    );
  });

  test('leaving out events that changed nothing leaves the sum as it is', async () => {
    await fc.assert(
      fc.asyncProperty(loss, fc.nat(), async (lostAt, pick) => {
        const text = textOf(withLoss(name, lostAt));
        const subjects = subjectsOf(await stateOf(text, 'end'));
        const subject = subjects[pick % subjects.length];
        if (subject === undefined) return;
        const all = await followOf(text, subject.choice);
        const brief = await followOf(text, subject.choice, { brief: true });
        const sum = brief.entries.reduce<Facts>(
          (facts, { changes }) => applyChanges(facts, changes),
          brief.head.initial ?? {},
        );
        // The flags alone are no reason to show an event, so the last of their changes may be left out.
        expect({ ...sum, flags: null }).toEqual({ ...brief.tail.final, flags: null });
        expect(brief.tail.summary).toEqual(all.tail.summary);
        expect(brief.entries.length).toBeLessThanOrEqual(all.entries.length);
      }),
      RUNS,
    );
  });
});

/** Everything that can be followed, with what the state says about it. DSQs only where their name is theirs alone. */
function subjectsOf(document: StateDocument): { choice: SubjectChoice; view: object }[] {
  const names = document.dsqs.map((dsq) => dsq.name);
  return [
    ...document.tasks.map((task) => ({ choice: { kind: 'task', pid: task.pid } as const, view: task })),
    ...document.cpus.map((cpu) => ({ choice: { kind: 'cpu', id: cpu.cpu } as const, view: cpu })),
    ...document.dsqs
      .filter((dsq) => names.filter((name) => name === dsq.name).length === 1 && dsq.first_event !== null)
      .map((dsq) => ({ choice: { kind: 'dsq', name: dsq.name } as const, view: dsq })),
  ];
}
