// Two verdicts for one DSQ, of which the kernel finishes one: the model must not swear which.
import { expect, test } from 'vitest';
import { EVENT_TYPES } from '../../src/trace/vocabulary/index.ts';
import { replayEvents } from '../support/replay.ts';

const at = (ts: number, type: string, fields: object): { ts: number; cpu: number; type: string } => ({
  ts,
  cpu: 0,
  type,
  ...(type === 'pick' ? {} : { sched: 1 }),
  ...fields,
});

/** A dispatch that inserts these tasks on DSQ 0x100, and of which one verdict is finished. */
const dispatch = (ts: number, pids: readonly number[]): readonly { ts: number; cpu: number; type: string }[] => [
  at(ts, 'pick', { rq: 0, phase: 'begin', curr: 0 }),
  ...pids.map((pid, i) =>
    at(ts + 1 + i, 'insert', { step: 'commit', pid, dsq: '0x100', slice: 20_000_000, enq_flags: 0 }),
  ),
  at(ts + 10, 'flush', { rq: 0, phase: 'begin', n: pids.length }),
  at(ts + 11, 'find_dsq', { rq: 0, phase: 'begin', dsq: '0x100' }),
  at(ts + 12, 'flush', { rq: 0, phase: 'end' }),
  at(ts + 13, 'pick', { rq: 0, phase: 'end', pid: 0, verdict: 'none' }),
];

const header = { recorded: EVENT_TYPES };
const attach = [at(1, 'sched_attach', { step: 'link', name: 'one' }), at(2, 'sched_attach', { step: 'root_enable' })];

test('a task whose verdict may have been dropped can be dispatched again', async () => {
  const result = await replayEvents([...attach, ...dispatch(1000, [101, 102]), ...dispatch(2000, [101])], header);
  expect(result.findings.filter(({ rule }) => rule === 'trace-inconsistent')).toEqual([]);
});

test('a task whose verdict was the only one cannot be dispatched again without having come back', async () => {
  const result = await replayEvents([...attach, ...dispatch(1000, [101]), ...dispatch(2000, [101])], header);
  expect(result.findings).toMatchObject([{ rule: 'trace-inconsistent', class: 'verdict' }]);
});
