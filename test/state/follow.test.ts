// The life of a task as a user reads it: what each event changed, why, and the sums at the end.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import type { Change, FollowEntry, TaskSummary } from '../../src/state/follow/document.ts';
import type { SubjectChoice } from '../../src/state/follow/make-subject.ts';
import { traceText } from '../support/replay.ts';
import { AT, ordinal, SMALL, START_NS, STEP_NS, type StepName } from './small-trace.ts';
import { type Followed, fixture, followOf } from './support.ts';

const ALPHA: SubjectChoice = { kind: 'task', pid: 10 };
const BETA: SubjectChoice = { kind: 'task', pid: 11 };

const follow = (choice: SubjectChoice, options = {}): Promise<Followed> => followOf(SMALL, choice, options);

function entryAt({ entries }: Followed, name: StepName): FollowEntry {
  const entry = entries.find((item) => item.event === ordinal(name));
  if (entry === undefined) throw new Error(`no entry for ${name}`);
  return entry;
}

const notesAt = (followed: Followed, name: StepName): string[] => entryAt(followed, name).notes.map(({ text }) => text);

/** Fields that an event changed, with their new values. */
const changesAt = (followed: Followed, name: StepName): Record<string, unknown> =>
  Object.fromEntries(
    entryAt(followed, name).changes.map((change: Change) => [
      change.field,
      'after' in change ? change.after : [...change.inserted],
    ]),
  );

describe('a task', () => {
  test('every event about it has an entry, and no other', async () => {
    const { entries, head } = await follow(ALPHA);
    const names = [
      'bornA',
      'runnableA',
      'enqueueA',
      'takenA',
      'insertA',
      'offA',
      'backA',
      'mask',
      'againA',
      'enqueueA2',
    ];
    const about = [...names, 'takenA2', 'flushed', 'queueA', 'tookB', 'lost'] as StepName[];
    expect(entries.map((entry) => entry.event)).toEqual(about.map(ordinal));
    expect(head).toMatchObject({ schema: 'scx-check/follow@1', subject: { kind: 'task', name: 'alpha[10]' } });
  });

  test('custody begins and ends', async () => {
    const life = await follow(ALPHA);
    expect(changesAt(life, 'takenA')).toMatchObject({
      custody: { event: ordinal('takenA') },
      ops_state: 'queued',
      qseq: 1,
    });
    expect(notesAt(life, 'takenA')).toEqual(['the scheduler took it and owes a decision (round 1)']);
    expect(changesAt(life, 'backA')).toMatchObject({ custody: 'none', ops_state: 'none' });
  });

  test('a verdict that came too late is dropped, and by what is said', async () => {
    const life = await follow(ALPHA);
    const [note] = entryAt(life, 'flushed').notes;
    expect(note?.text).toBe(
      `the insert on DSQ local_on:1 (${AT.insertA}) is dropped: dequeued by an affinity change 6 µs before and enqueued again: the insert was for round 1, now it is round 2`,
    );
    expect(note?.refers?.event).toBe(ordinal('backA'));
    expect((life.tail.summary as TaskSummary).drop_list).toMatchObject([
      { pid: 10, dsq: 'local_on:1', inserted: { event: ordinal('insertA') }, dropped: { event: ordinal('flushed') } },
    ]);
  });

  test('an affinity change shows the mask', async () => {
    expect(changesAt(await follow(ALPHA), 'mask')).toMatchObject({ cpus: '0' });
  });

  test('a place on a DSQ has a position and its reason', async () => {
    expect(notesAt(await follow(ALPHA), 'queueA')).toEqual(['position 1 of 2, by vtime 500']);
    expect(notesAt(await follow(BETA), 'queueB')).toEqual(['position 1 of 1, by vtime 900']);
  });

  test('a CPU that takes a later task says why it passed this one over', async () => {
    const life = await follow(ALPHA);
    expect(notesAt(life, 'tookB')).toEqual([
      'CPU 1 passes over it, CPU 1 is not in its mask (0), and takes beta[11] instead',
    ]);
    expect(life.tail.summary).toMatchObject({ passed_over: 1 });
    expect(notesAt(await follow(BETA), 'tookB')).toEqual([
      'CPU 1 takes it after 3 µs on it: the first that it may run',
    ]);
  });

  test('a loss makes everything unknown', async () => {
    const life = await follow(ALPHA);
    expect(changesAt(life, 'lost')).toMatchObject({ dsq: null, cpus: null, slice: null, class: null });
    expect(notesAt(life, 'lost')).toEqual(['records are missing: what was known before is forgotten']);
  });

  test('the summary counts', async () => {
    const life = await follow(BETA);
    expect(life.tail.summary).toMatchObject({
      runs: 1,
      run_ns: (ordinal('later') - ordinal('switchB')) * STEP_NS,
      cpus: [{ cpu: 1, runs: 1 }],
      migrations: 0,
      inserts: 0,
      drops: 0,
    });
    const alpha = (await follow(ALPHA)).tail.summary;
    expect(alpha).toMatchObject({ runs: 0, enqueues: 2, taken: 2, inserts: 1, drops: 1, affinity_changes: 1 });
  });
});

describe('a span', () => {
  test('begins and ends with the events that are named', async () => {
    const { entries, head, tail } = await follow(ALPHA, {
      from: { kind: 'event', seq: ordinal('mask'), text: '' },
      to: { kind: 'event', seq: ordinal('flushed'), text: '' },
    });
    expect([entries[0]?.event, entries.at(-1)?.event]).toEqual([ordinal('mask'), ordinal('flushed')]);
    // The facts at the beginning are those of before.
    expect(head.initial).toMatchObject({ cpus: '0-1', comm: 'alpha', waiting: false });
    expect(tail).toMatchObject({ from: START_NS + ordinal('mask') * STEP_NS, entries: entries.length });
    // What came before the span is not counted, but explains what is in it.
    expect(tail.summary).toMatchObject({ enqueues: 1, inserts: 0, drops: 1 });
  });

  test('times bound it as well', async () => {
    const time = (name: StepName) =>
      ({ kind: 'time', ns: BigInt(START_NS + ordinal(name) * STEP_NS), relative: false, text: '' }) as const;
    const { entries } = await follow(ALPHA, { from: time('insertA'), to: time('mask') });
    expect(entries.map((entry) => entry.event)).toEqual(
      (['insertA', 'offA', 'backA', 'mask'] as StepName[]).map(ordinal),
    );
    await expect(follow(ALPHA, { from: time('mask'), to: time('insertA') })).rejects.toThrow(InputError);
  });

  test('around an event', async () => {
    const around = { at: { kind: 'event', seq: ordinal('mask'), text: '' } as const, entries: 2 };
    const { entries } = await follow(ALPHA, { around });
    expect(entries.map((entry) => entry.event)).toEqual(
      (['offA', 'backA', 'mask', 'againA', 'enqueueA2'] as StepName[]).map(ordinal),
    );
  });
});

describe('a CPU', () => {
  test('its picks, its switches, its buffer', async () => {
    const life = await follow({ kind: 'cpu', id: 1 });
    expect(changesAt(life, 'insertA')).toMatchObject({ buffer: ['10 → local_on:1'] });
    expect(changesAt(life, 'localB')).toMatchObject({ local: [11] });
    expect(changesAt(life, 'picked')).toMatchObject({ picked: 11, picking_event: 'none' });
    expect(changesAt(life, 'switchB')).toMatchObject({ curr: 11 });
    expect(notesAt(life, 'flushed')[0]).toMatch(
      /^the insert of alpha\[10\] on DSQ local_on:1 .* is dropped: dequeued by an affinity change/,
    );
    expect(life.tail.summary).toMatchObject({ kind: 'cpu', switches: 1, picks: 1, inserts: 1, drops: 1 });
  });
});

describe('a DSQ', () => {
  test('who comes where, and who takes whom', async () => {
    const life = await follow({ kind: 'dsq', name: '0x100' });
    expect(changesAt(life, 'queueA')).toMatchObject({ tasks: [10], nr: 2 });
    expect(notesAt(life, 'queueA')).toEqual(['position 1 of 2']);
    expect(notesAt(life, 'tookB')).toEqual([
      'CPU 1 takes it after 3 µs on it; it passes over 1 task that it may not run',
    ]);
    expect(life.tail.summary).toMatchObject({
      kind: 'dsq',
      links: 2,
      unlinks: 1,
      max_nr: 2,
      longest_stay: { pid: 11 },
    });
  });

  test('another of the same name takes over when the first is gone', async () => {
    const create = { cpu: 0, type: 'dsq_create', step: 'init', dsq: '0x5', sched: 7 };
    const link = { cpu: 0, type: 'dsq_link', pid: 10, dsq: '0x5', sched: 7, nr: 0, dsq_seq: 1 };
    const events = [create, { cpu: 0, type: 'dsq_destroy', step: 'core', dsq: '0x5', sched: 7 }, create, link];
    const text = traceText(events.map((event, ts) => ({ ts, ...event })));
    const { tail } = await followOf(text, { kind: 'dsq', name: '0x5' });
    expect(tail.final).toMatchObject({ destroyed: false, nr: 1, tasks: [10] });
  });
});

test.each<[SubjectChoice, RegExp]>([
  [{ kind: 'task', pid: 77 }, /no event up to here names pid 77/],
  [{ kind: 'cpu', id: 9 }, /there is no CPU 9/],
  [{ kind: 'dsq', name: '0x9' }, /names DSQ 0x9/],
  [{ kind: 'dsq', name: '0x100', owner: 'other' }, /no event is about DSQ 0x100 of scheduler other/],
])('a subject that is not there: %j', async (choice, message) => {
  await expect(follow(choice)).rejects.toThrow(message);
});

describe('a recording', () => {
  const RACE: SubjectChoice = { kind: 'task', pid: 508 };

  test('an affinity race is told from its cause to its end', async () => {
    const { entries, tail } = await followOf(fixture('affinity-race.jsonl'), RACE);
    const notes = entries.flatMap((entry) => entry.notes.map(({ text }) => text));
    expect(notes).toContainEqual(
      expect.stringMatching(
        /CPU 1 is not in its mask \(3\); the mask lost it 7\.53 ms before, while this callback was running/,
      ),
    );
    expect(notes).toContainEqual(
      expect.stringMatching(/^the core raises: SCX_DSQ_LOCAL\[_ON\] target CPU 1 not allowed/),
    );
    expect(notes).toContainEqual('refused: CPU 1 is not in its mask (3)');
    expect(tail.summary).toMatchObject({ affinity_changes: 1, drops: 2 });
  });

  test('bypass is given as the reason why a task goes to a bypass DSQ', async () => {
    const text = fixture('bypass-begins.jsonl');
    const { entries } = await followOf(text, { kind: 'task', pid: 1642 });
    const notes = entries.flatMap((entry) => entry.notes.map((note) => note.text));
    expect(notes).toContain('its scheduler bypasses: it goes to the bypass DSQ without ops.enqueue()');
    expect(notes).toContain('bypass mode is being switched: every task is taken off and put back');
  });
});
