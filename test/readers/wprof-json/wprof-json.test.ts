// The JSON of wprof, one object a line.
import { describe, expect, test } from 'vitest';
import { errorOf, readBytes } from '../../support/events.ts';

const HEADER =
  '{"version":"0.3","duration_ns":1000000000,"timer_freq_hz":100,"capture_scx":"on","stack_cnt":1,"event_cnt":8}';
const LINES = [
  HEADER,
  '{"stack":1,"frames":["schedule"]}',
  '{"ts":0.000001000,"t":"switch","cpu":0,"prev":{"pid":0},"next":{"tid":11,"pid":10,"comm":"hog-1"},"prev_state":"runnable"}',
  '{"ts":0.000001500,"t":"waking","cpu":1,"waker":{"tid":11,"pid":10,"comm":"hog-1"},"wakee":{"tid":12,"pid":12,"comm":"slp-1"}}',
  '{"ts":0.000002000,"t":"switch","cpu":0,"prev":{"tid":11,"pid":10,"comm":"hog-1"},"next":{"tid":12,"pid":12,"comm":"slp-1"},"prev_state":"preempted"}',
  '{"ts":0.000002100,"t":"timer","cpu":0}',
  '{"ts":0.000002500,"start_ts":0.000001600,"t":"scx_dsq","cpu":1,"task":{"tid":12,"pid":12,"comm":"slp-1"},"dsq_id":9223372036854775810,"layer_id":3,"insert_type":"insert"}',
  '{"ts":0.000002600,"t":"wakeup_new","cpu":1,"wakee":{"tid":13,"pid":13,"comm":"new"}}',
  '{"ts":0.000002700,"t":"task_exit","cpu":1,"task":{"tid":13,"pid":13,"comm":"new"}}',
];

test('records become events; insertions come at the time when they began', async () => {
  const { events, trace, positions } = await readBytes(LINES.join('\n'));
  expect(trace.format).toBe('wprof JSON 0.3');
  expect(events).toEqual([
    { ts: 1000, cpu: 0, type: 'switch', prev: 0, next: 11, next_comm: 'hog-1', prev_state: 0 },
    { ts: 1500, cpu: 1, type: 'wakeup', step: 'waking', pid: 12, comm: 'slp-1' },
    { ts: 1600, cpu: 1, type: 'insert', step: 'kfunc', phase: 'begin', pid: 12, dsq: 'local' },
    { ts: 2000, cpu: 0, type: 'switch', prev: 11, next: 12, prev_state: 256 },
    { ts: 2500, cpu: 1, type: 'cell', pid: 12, cell: 3 },
    { ts: 2600, cpu: 1, type: 'wakeup', step: 'new', pid: 13, comm: 'new' },
    { ts: 2700, cpu: 1, type: 'exit', pid: 13 },
  ]);
  expect(positions[0]).toBe('line 3');
  expect([...trace.unused]).toEqual([['timer', 1]]);
});

test.each([1, 7, 100])('chunks of %d bytes', async (chunkBytes) => {
  expect((await readBytes(LINES.join('\n'), { chunkBytes })).events).toEqual(
    (await readBytes(LINES.join('\n'))).events,
  );
});

test('what does not occur was not recorded, as far as the file tells', async () => {
  const { trace } = await readBytes(LINES.join('\n'));
  expect(trace.header.recorded?.has('fork')).toBe(false);
  expect(trace.header.recorded?.has('switch')).toBe(true);
  expect(trace.header.mayBeFiltered).toBe(true);
});

describe('damage', () => {
  test('a line that is cut off is named, after everything before it', async () => {
    const { events, error } = await readBytes(`${LINES.slice(0, 5).join('\n')}\n{"ts":0.00`);
    expect(error?.details).toMatchObject({ code: 'bad-json', position: 'line 6' });
    expect(events.length).toBeLessThanOrEqual(3);
  });

  test('a header that is no JSON is named', async () => {
    const error = await errorOf('{"version"', { format: 'wprof-json' });
    expect(error.details).toMatchObject({ code: 'bad-header', position: 'line 1' });
  });
});
