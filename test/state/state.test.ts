// What the state shows at each step of a small trace, and what it does not claim to know.
import { describe, expect, test } from 'vitest';
import type { StateDocument, TaskView } from '../../src/state/document.ts';
import { AT, ordinal, SMALL, START_NS, STEP_NS, type StepName } from './small-trace.ts';
import { fixture, stateOf } from './support.ts';

const at = (name: StepName, options = {}): Promise<StateDocument> => stateOf(SMALL, AT[name], options);

async function task(pid: number, name: StepName): Promise<TaskView> {
  const { tasks } = await at(name);
  const found = tasks.find((entry) => entry.pid === pid);
  if (found === undefined) throw new Error(`no task ${pid}`);
  return found;
}

const moment = (name: StepName): object => ({ event: ordinal(name), ts: START_NS + ordinal(name) * STEP_NS });

describe('a task on its way', () => {
  const places: readonly [StepName, TaskView['place']][] = [
    ['bornA', 'off'],
    ['enqueueA', 'enqueue'],
    ['takenA', 'scheduler'],
    ['insertA', 'scheduler'],
    ['mask', 'off'],
    ['queueA', 'dsq'],
  ];
  test.each(places)('after %s it is: %s', async (name, place) => {
    expect((await task(10, name)).place).toBe(place);
  });

  test('custody, round and wait begin with the enqueue', async () => {
    expect(await task(10, 'takenA')).toMatchObject({
      comm: 'alpha',
      class: 'ext',
      state: 'enabled',
      custody: moment('takenA'),
      ops_state: 'queued',
      qseq: 1,
      waiting: true,
      waiting_since: moment('runnableA'),
      waited_ns: (ordinal('takenA') - ordinal('runnableA')) * STEP_NS,
      dsq: 'none',
      cpus: '0-1',
      weight: 100,
      vtime: 500,
    });
  });

  test('a dequeue ends custody, the next enqueue is another round', async () => {
    expect(await task(10, 'backA')).toMatchObject({ custody: 'none', waiting: false });
    expect(await task(10, 'takenA2')).toMatchObject({ custody: moment('takenA2'), qseq: 2, cpus: '0' });
  });

  test('its mask changes are listed', async () => {
    expect((await task(10, 'queueA')).mask_changes).toEqual([
      { before: '0-1', after: '0', begin: moment('mask'), end: moment('mask'), queued: true },
    ]);
  });

  test('it runs from the switch on', async () => {
    expect(await task(11, 'picked')).toMatchObject({ place: 'dsq', dsq: 'local:1', on_cpu: 'none' });
    expect(await task(11, 'switchB')).toMatchObject({
      place: 'running',
      on_cpu: 1,
      dsq: 'none',
      custody: 'none',
      ran: moment('switchB'),
      slice: 20000000,
    });
  });
});

describe('verdicts', () => {
  test('a verdict is in the buffer of its CPU, and fresh while its round lasts', async () => {
    const { cpus } = await at('insertA');
    expect(cpus[1]?.buffer).toEqual(['10 → local_on:1']);
    expect(cpus[1]?.verdicts).toMatchObject([{ task: { pid: 10, comm: 'alpha' }, qseq: 1, fresh: true }]);
    expect(cpus[1]).toMatchObject({ callback: 'dispatch', picking_event: ordinal('pick') });
    expect((await task(10, 'insertA')).verdicts).toHaveLength(1);
  });

  test('it is stale as soon as the task is taken back, and in the next round', async () => {
    for (const name of ['backA', 'takenA2'] as const) expect((await task(10, name)).verdicts[0]?.fresh).toBe(false);
    expect((await at('flushed')).cpus[1]).toMatchObject({ verdicts: [], buffer_known: true });
  });
});

describe('queues', () => {
  test('a DSQ lists its members in dispatch order', async () => {
    const dsq = (await at('queueA')).dsqs.find((entry) => entry.name === '0x100');
    expect(dsq).toMatchObject({ sched: 7, order: 'vtime', nr: 2, unknown: 0, seq: 2, tasks: [10, 11] });
    expect(dsq?.members.map(({ pid, vtime }) => [pid, vtime])).toEqual([
      [10, 500],
      [11, 900],
    ]);
    expect(await task(11, 'queueA')).toMatchObject({ dsq: '0x100', dsq_position: 2, dsq_nr: 2, by_vtime: true });
  });

  test('a local DSQ stands with its CPU', async () => {
    const cpu = (await at('localB')).cpus[1];
    expect(cpu).toMatchObject({ local: [11], consuming: '0x100', local_dsq: { name: 'local:1' } });
    expect((await at('leaveB')).cpus[1]?.local).toEqual([]);
  });

  test('a CPU shows what it picked and what runs', async () => {
    expect((await at('picked')).cpus[1]).toMatchObject({ picked: 11, picking_event: 'none', callback: 'none' });
    expect((await at('switchB')).cpus[1]).toMatchObject({ curr: 11, curr_task: { comm: 'beta' } });
  });
});

test('a scheduler shows its flags, limits and tasks', async () => {
  const { schedulers } = await at('takenA');
  expect(schedulers).toMatchObject([
    {
      id: 7,
      name: 'demo',
      root: true,
      ops_flags: 'ENQ_LAST',
      max_batch: 4,
      timeout_ns: 1_000_000_000,
      bypass_depth: 0,
      bypassing: '',
      bypassing_unknown: '',
      aborting: false,
      exit: 'none',
      user_dsqs: ['0x100'],
      user_dsqs_known: true,
      tasks: { all: 1, running: 0, waiting: 1, held: 1 },
    },
  ]);
  expect((await at('load')).schedulers).toMatchObject([{ loading: true, root: false }]);
});

describe('what is not known is null', () => {
  /** Facts that a loss leaves standing: identity, and what happened before. */
  const LASTING = ['pid', 'comm', 'alive', 'ran', 'last_insert', 'mask_changes', 'verdicts'];

  test('after a loss', async () => {
    const { tasks, cpus, dsqs, schedulers, known_since: since } = await at('lost');
    expect(since).toEqual(moment('lost'));
    for (const view of tasks) {
      const claimed = Object.entries(view).filter(([field, value]) => value !== null && !LASTING.includes(field));
      expect(claimed, `claims about ${view.pid}`).toEqual([]);
      expect(view.mask_changes).toEqual([]);
    }
    for (const cpu of cpus) {
      expect(cpu).toMatchObject({ curr: null, picked: null, callback: null, online: null, local_unknown: null });
      expect(cpu).toMatchObject({ local: [], buffer_known: false, bypass_unknown: [7] });
    }
    for (const dsq of dsqs) expect(dsq).toMatchObject({ nr: null, unknown: null, seq: null, tasks: [], order: null });
    expect(schedulers).toMatchObject([
      {
        bypass_depth: null,
        bypassing: '',
        bypassing_unknown: '0-1',
        aborting: null,
        exit: null,
        user_dsqs_known: false,
      },
    ]);
  });

  test('in a trace that starts in mid-run', async () => {
    const text = fixture('affinity-race.jsonl');
    const start = await stateOf(text, 'start');
    expect(start).toMatchObject({ when: 'start', event: null, tasks: [], dsqs: [], schedulers: [] });
    for (const cpu of start.cpus)
      expect(cpu).toMatchObject({ curr: null, callback: null, picked: null, local_unknown: null });
    // The first event names a task: only what it says of it is known.
    const first = await stateOf(text, '@0');
    for (const view of first.tasks) {
      expect(view).toMatchObject({ slice: null, vtime: null, custody: null, qseq: null, waiting_since: null });
    }
    // An unload would have been seen only since the trace began.
    const end = await stateOf(text, '@300');
    expect(end.schedulers).toMatchObject([{ root: null, bypass_depth: null, user_dsqs_known: false }]);
  });

  test('a DSQ with members that the trace has not named has no positions', async () => {
    const text = fixture('bypass-begins.jsonl');
    const { dsqs } = await stateOf(text, 'end');
    const queue = dsqs.find((dsq) => dsq.name === '0');
    expect(queue).toMatchObject({ nr: 185, unknown: 185, order: null, tasks: [] });
  });
});

describe('the way there', () => {
  test('events on the same CPU and about the same task, in order, without the event itself', async () => {
    const { context, event } = await at('mask', { context: 2 });
    expect(event).toMatchObject({
      event: ordinal('mask'),
      cpu: 0,
      type: 'affinity',
      position: `line ${ordinal('mask') + 2}`,
    });
    expect(context.map((entry) => entry.event)).toEqual([ordinal('offA'), ordinal('backA')]);
    const other = await at('flush', { context: 2 });
    expect(other.context.map((entry) => entry.event)).toEqual([ordinal('pick'), ordinal('insertA')]);
  });

  test('what is asked for decides whose events they are', async () => {
    const selection = { pids: [11], cpus: [], dsqs: [], scheds: [] };
    const { context } = await at('later', { context: 2, selection });
    expect(context.map((entry) => entry.event)).toEqual([ordinal('leaveB'), ordinal('switchB')]);
  });
});

describe('selection', () => {
  const select = (part: object): Promise<StateDocument> =>
    at('queueA', { selection: { pids: [], cpus: [], dsqs: [], scheds: [], ...part } });

  test('only what was asked for', async () => {
    const { tasks, cpus, dsqs, schedulers } = await select({ pids: [11], cpus: [1] });
    expect([tasks.length, cpus.length, dsqs.length, schedulers.length]).toEqual([1, 1, 0, 0]);
  });

  test.each([['0x100'], ['256']])('DSQ %s', async (name) => {
    expect((await select({ dsqs: [name] })).dsqs.map((dsq) => dsq.name)).toEqual(['0x100']);
  });

  test.each([
    ['local:1', ['local:1']],
    ['local_on:1', ['local:1']],
    ['local', ['local:0', 'local:1']],
  ])('DSQ %s', async (name, names) => {
    expect((await select({ dsqs: [name] })).dsqs.map((dsq) => dsq.name)).toEqual(names);
  });

  test.each([['7'], ['demo']])('scheduler %s', async (name) => {
    expect((await select({ scheds: [name] })).schedulers).toHaveLength(1);
  });

  test.each([
    [{ pids: [99] }, /names pid 99.*beta\[11\]/],
    [{ cpus: [5] }, /no CPU 5.*known are 0, 1/],
    [{ dsqs: ['0x200'] }, /DSQ 0x200.*0x100/],
    [{ scheds: ['other'] }, /"other".*demo \(7\)/],
  ])('what is not there is refused: %j', async (part, message) => {
    const error = await select(part).catch((thrown: unknown) => thrown);
    expect((error as { describe(): string }).describe()).toMatch(message);
  });
});
