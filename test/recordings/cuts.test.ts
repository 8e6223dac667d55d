// The readable cuts of real recordings replay as expected, in every spelling, and predict the kernel's own words.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { KIND } from '../../src/trace/vocabulary/index.ts';
import { WRITERS } from '../../src/writers/index.ts';
import { jsonlWriter } from '../../src/writers/jsonl-writer.ts';
import { eventsWhere } from '../support/damaged-trace.ts';
import { expectedResult, openRecording, recordingNames, recordingPath, spell, summary } from '../support/recordings.ts';
import { replayText } from '../support/replay.ts';

/** Cuts are for people: short, and said in words. */
const MAX_EVENTS = 150;

/** Message of the error that ended a scheduler, as the trace has it. */
function recordedMessage(trace: OpenTrace): string | undefined {
  let message: string | undefined;
  trace.run({
    event(event) {
      if (event.kind === KIND.sched_exit && event.step === 'message') message ??= event.msg;
      return true;
    },
  });
  return message;
}

describe.each(recordingNames('.jsonl'))('%s', (name) => {
  const path = recordingPath(name, '.jsonl');

  test('is readable: short, with a comment, in canonical form', async () => {
    const trace = await openRecording(path);
    let events = 0;
    trace.run({ event: () => ++events > 0 });
    expect(events).toBeLessThanOrEqual(MAX_EVENTS);
    expect(trace.header.comment).toMatch(/cut from a recording: /);
    expect(spell(trace, jsonlWriter)).toBe(readFileSync(path, 'utf8'));
  });

  test.each(WRITERS)('replays as expected as $id', async (writer) => {
    const text = spell(await openRecording(path), writer);
    expect(summary(await replayText(text))).toEqual(expectedResult(name));
  });

  test('predicts every observation that it decides', () => {
    for (const line of Object.values(expectedResult(name).fidelity)) expect(line.explained).toBe(line.observed);
  });

  test('predicts the message of the kernel to the byte', async () => {
    const trace = await openRecording(path);
    const message = recordedMessage(trace);
    const confirmed = expectedResult(name).findings.find((finding) => finding.kernel === 'confirmed');
    // Without the message in the trace, what is reported is the model's own.
    const silent = eventsWhere(trace, (event) => event.kind !== KIND.sched_exit || event.step !== 'message');
    const result = runReplay(silent, { path: name, rules: RULES });
    const predicted = result.findings.find((finding) => finding.kernel === 'confirmed')?.kernel_message ?? undefined;
    expect(predicted === undefined).toBe(confirmed === undefined);
    if (message === undefined) return;
    expect(confirmed?.kernel_message).toBe(message);
    // How long a task had waited is known up to the lag of jiffies only.
    const withoutTime = (text: string | undefined): string | undefined => text?.replace(/ for \d+\.\d{3}s$/, ' for …');
    expect(withoutTime(predicted)).toBe(withoutTime(message));
  });
});
