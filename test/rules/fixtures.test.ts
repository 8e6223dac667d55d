// Every rule has fixtures: a violating trace, the same without the violation, and one where evidence is missing. The events
// themselves say what must fire there (`expect`); a missing and an extra finding both fail.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReplayResult, ResultFinding } from '../../src/findings/result.ts';
import { isHeldAgainst } from '../../src/findings/verdict.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { SITE_CHECKS } from '../../src/rules/common/site-checks.ts';
import { findRule, MODULE_RULES } from '../../src/rules/index.ts';
import { replayFile } from '../support/replay.ts';

const ROOT = join(import.meta.dirname, '../../fixtures/rules');

/** Fixtures are read by people; a rule about many events needs many. */
const MAX_EVENTS = 40;
const LONG: ReadonlySet<string> = new Set(['insert-no-effect']);

interface FixtureEvent {
  readonly ts: number;
  readonly expect?: string;
}

interface Fixture {
  readonly comment?: string;
  readonly events: readonly FixtureEvent[];
}

const readFixture = (path: string): Fixture => JSON.parse(readFileSync(path, 'utf8')) as Fixture;

/** Rules that only remark on something find no violations. */
const REMARKS: ReadonlySet<string> = new Set(
  MODULE_RULES.filter((rule) => rule.severity === 'info').map((rule) => rule.id),
);

/** Findings that a fixture has to expect. */
const isExpected = (finding: ResultFinding): boolean =>
  isHeldAgainst(finding.verdict) || (finding.verdict === 'info' && REMARKS.has(finding.rule));

/** Rules that say that nothing can be said. */
const DOUBTS: ReadonlySet<string> = new Set(['trace-inconsistent', 'vtime-model-mismatch']);

/** A finding as `expect` spells it: `RULE`, `/CLASS` and `=KERNEL` where it has them, `?` when it is only possible. */
function spelled(finding: ResultFinding): string {
  const kind = finding.class === null ? '' : `/${finding.class}`;
  const kernel = finding.kernel === null ? '' : `=${finding.kernel}`;
  return `${finding.rule}${kind}${kernel}${finding.verdict === 'possible' ? '?' : ''}`;
}

/** `TIME FINDING` of what the events expect, and of all findings, in order. Of details only those that are expected count. */
const found = (result: ReplayResult, expectations: readonly string[]): string[] =>
  result.findings
    .filter(isExpected)
    .map((finding) => {
      const bare = `${finding.ts} ${finding.rule}`;
      return expectations.includes(bare) ? bare : `${finding.ts} ${spelled(finding)}`;
    })
    .toSorted();
const expected = (fixture: Fixture): string[] =>
  fixture.events
    .flatMap(({ ts, expect: text }) =>
      (text ?? '').split(' ').flatMap((entry) => (entry === '' ? [] : [`${ts} ${entry}`])),
    )
    .toSorted();

/** The finding again, by the filters that its command names. */
async function shownAlone(path: string, finding: ResultFinding): Promise<readonly ResultFinding[]> {
  const trace = await openTrace(sourceFromBytes(readFileSync(path), path));
  trace.run({ event: () => false });
  const at = Number(BigInt(finding.ts) - trace.timeBase);
  const rule = findRule(finding.rule);
  const filter = { from: at, to: at, ...(finding.pid === null ? {} : { pid: finding.pid }) };
  return (await replayFile(path, { rules: rule === undefined ? [] : [rule], filter })).findings;
}

/** Errors that the model predicts without a rule module of their own. Some are only ever looked at when they occur. */
const SITES: ReadonlySet<string> = new Set(Object.keys(SITE_CHECKS));

describe.each([...MODULE_RULES.map((rule) => rule.id), ...SITES])('%s', (id) => {
  const folder = join(ROOT, id);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

  test('has a violating, a clean and an undecidable trace', () => {
    const needed = ['unknown.json', 'violating.json', ...(SITES.has(id) ? [] : ['clean.json'])];
    expect(files).toEqual(expect.arrayContaining(needed));
    for (const name of files) expect(name).toMatch(/^(violating|clean|unknown)(-[a-z0-9.-]+)?\.json$/);
  });

  test.each(files)('%s fires exactly where its events expect it', async (name) => {
    const path = join(folder, name);
    const fixture = readFixture(path);
    expect(fixture.comment, 'says what happens').toMatch(/\w+ \w+/);
    if (!LONG.has(id) && !id.startsWith('vtime-')) expect(fixture.events.length).toBeLessThanOrEqual(MAX_EVENTS);

    const result = await replayFile(path, { explainFidelity: true });
    const expectations = expected(fixture);
    expect(found(result, expectations)).toEqual(expectations);

    const rule = result.rules.find((entry) => entry.id === id);
    if (REMARKS.has(id) && name.startsWith('violating')) {
      expect(rule?.findings).toBeGreaterThan(0);
    } else if (name.startsWith('violating')) {
      expect(rule?.verdict).toMatch(DOUBTS.has(id) ? /^inconclusive$/ : /^(violation|possible)$/);
    } else {
      expect(result.mismatches).toEqual([]);
      if (name.startsWith('clean')) expect(rule).toMatchObject({ verdict: 'pass' });
      else expect(rule).toMatchObject({ verdict: expect.stringMatching(/^(not evaluated|inconclusive)$/) });
    }
  });

  test.each(files.filter((name) => name.startsWith('violating')))('%s proves what it says', async (name) => {
    const path = join(folder, name);
    for (const finding of (await replayFile(path)).findings) {
      const { evidence, details } = finding;
      const times = evidence.map((item) => Number(item.ts));
      expect(times, 'in the order of time').toEqual(times.toSorted((a, b) => a - b));
      expect(times, 'with the event that broke the rule').toContain(Number(finding.ts));
      const began = details.began as { position: string } | undefined;
      if (began !== undefined) expect(evidence.map((item) => item.position)).toContain(began.position);
      expect(details.command).toContain(`--rules ${finding.rule}`);
      const alone = await shownAlone(path, finding);
      expect(alone.map((other) => other.message)).toContain(finding.message);
    }
  });
});
