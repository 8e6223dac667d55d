// The scheduler instances of a result are those that the trace really shows.
import { expect, test } from 'vitest';
import { replayEvents } from '../support/replay.ts';

test('a task that no scheduler has initialised leaves none', async () => {
  // scx_root_disable() after a load that failed early: p->scx.sched is NULL, and the probe read what lay there.
  const result = await replayEvents(
    [
      { ts: 1000, cpu: 0, type: 'sched_attach', step: 'link', sched: 1, name: 'early', level: 0 },
      { ts: 2000, cpu: 0, type: 'task_exit', pid: 100, sched: '0x2d676e7000000000', scx_flags: '0x4' },
      { ts: 3000, cpu: 0, type: 'task_exit', pid: 101, sched: 1, scx_flags: '0x304' },
    ],
    { kernel: '7.3' },
  );
  expect(result.schedulers.map(({ id }) => id)).toEqual([1]);
});
