// Evidence that was at hand when a rule reported needs no second pass over the trace.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { runReplay } from '../../src/replay/run.ts';
import { findRule } from '../../src/rules/index.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/rules');

/** Replays a fixture with one rule; how often its events were read, and what the evidence is. */
async function replay(id: string) {
  const path = join(FIXTURES, id, 'violating.json');
  const trace = await openTrace(await openInput(path));
  const run = trace.run.bind(trace);
  let runs = 0;
  trace.run = (sink) => {
    runs++;
    run(sink);
  };
  const rule = findRule(id);
  const { findings } = runReplay(trace, { path, rules: rule === undefined ? [] : [rule] });
  return { runs, evidence: findings.flatMap((finding) => finding.evidence) };
}

test('an event that a rule keeps for its report at the end is read once', async () => {
  const { runs, evidence } = await replay('select-cpu-disallowed');
  expect(runs).toBe(1);
  expect(evidence).toMatchObject([{ type: 'select_cpu', position: expect.stringMatching(/^line \d+$/) }]);
});

test('events from before the report are looked up', async () => {
  const { runs, evidence } = await replay('dispatch-disallowed-cpu');
  expect(runs).toBe(2);
  expect(evidence.length).toBeGreaterThan(2);
});
