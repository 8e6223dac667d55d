// What a recording does not hold cannot be held against anybody: violations without the events that prove them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECK_NEEDS } from '../../src/model/caps/check-needs.ts';
import { EVENT_TYPES } from '../../src/trace/vocabulary/index.ts';
import { type EventJson, replayText } from '../support/replay.ts';

interface Fixture {
  readonly recorded?: readonly string[];
  readonly events: readonly EventJson[];
}

const pathOf = (rule: string): string => join(import.meta.dirname, '../../fixtures/rules', rule, 'violating.json');

/** Whether the rule fires in its own fixture when events of these types are recorded, or were not. */
async function fires(rule: string, isRecorded: (type: string) => boolean): Promise<boolean> {
  const { events, recorded = EVENT_TYPES, ...header } = JSON.parse(readFileSync(pathOf(rule), 'utf8')) as Fixture;
  const { findings } = await replayText(JSON.stringify({ ...header, recorded: recorded.filter(isRecorded), events }));
  return findings.some((finding) => finding.rule === rule && finding.verdict === 'violation');
}

const cases = Object.entries(CHECK_NEEDS)
  .filter(([rule]) => existsSync(pathOf(rule)))
  .flatMap(([rule, types]) => types.map((type) => [rule, type] as const));

describe.each(cases)('%s', (rule, type) => {
  test(`is proven with ${type}, and not without`, async () => {
    expect(await fires(rule, () => true)).toBe(true);
    expect(await fires(rule, (name) => name !== type)).toBe(false);
  });
});
