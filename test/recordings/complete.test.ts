// Complete real recordings, compressed as they ship: every observation in them is predicted.
import { describe, expect, test } from 'vitest';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { expectedResult, openRecording, recordingNames, recordingPath, summary } from '../support/recordings.ts';

describe.each(recordingNames('.dat.xz'))('%s', (name) => {
  test('replays as expected', async () => {
    const trace = await openRecording(recordingPath(name, '.dat.xz'));
    const result = runReplay(trace, { path: name, rules: RULES });
    const expected = expectedResult(`${name}.dat`);
    expect(summary(result)).toEqual(expected);
    expect(trace.header.tasks.length, 'the snapshot beside the trace is found').toBeGreaterThan(0);
    for (const line of Object.values(expected.fidelity))
      expect(line).toEqual({ ...line, explained: line.observed, unknown: 0 });
  });
});
